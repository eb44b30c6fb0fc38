// What a campaign has broken: one script a cause, the cheapest.
#ifndef VMTRUNC_CAMPAIGN_FINDINGS_H_
#define VMTRUNC_CAMPAIGN_FINDINGS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "campaign/known.h"
#include "campaign/log.h"

namespace vmtrunc::campaign {

struct Finding {
  std::string kernel;
  std::string cause;  // RootCause::Name()
  std::string property, words;
  // The known bug that its script shows (report::BugShownBy), and a sentence on
  // it; or both are empty.
  std::string bug = {}, bug_what = {};
  bool is_several =
      false;  // known bugs that meet in one script: it is not kept
  bool is_known = false;
  std::string known_path;   // the script that it is known by, or ""
  uint64_t executions = 0;  // that broke for it
  int64_t first_unix = 0,
          last_unix = 0;  // ends of slices that had it; 0: none
  Script script;          // its events are empty where there is none yet
  search::Cost cost;
  bool has_page = true;  // beside the script, that explains it
  unsigned shrunk = 0;   // how many of its inputs were looked at

  bool has_script() const { return !script.events.empty(); }
  std::string FileName() const { return kernel + "-" + cause; }
};

// Shrinks as far as `stop` allows, asked now and then: quickly, and then, in
// the time that is left, thoroughly.
Draft ShrinkUntil(const Draft& draft, const search::Judge& judge,
                  const std::function<bool()>& stop);

// Of one kernel. What is in files is read and written by the caller.
class Findings {
 public:
  Findings(KernelSpec kernel, std::string name, Known known)
      : kernel_(kernel), name_(std::move(name)), known_(std::move(known)) {}

  const Known& known() const { return known_; }

  // An input that broke something: it is shrunk, and sorted by what it then
  // shows. Returns the finding if its script is new or cheaper now, to be
  // written; else nullptr. Input that holds is not taken. `name`: set to the
  // cause's name, under which executions are to be counted.
  const Finding* Add(const Draft& draft, const std::function<bool()>& stop,
                     std::string* name = nullptr);
  // A script of an earlier run of the campaign, and the cause that it was
  // written for. What is known may have changed since, and so its cause; then
  // what is counted for the one goes to the other.
  void Restore(const std::string& was, const Script& script);
  // A slice violated something so often; also when the log is read again. A
  // cause that has no script yet is put in the list by its name.
  void Count(const std::string& cause, uint64_t executions, int64_t at_unix);

  const std::map<std::string, Finding>& all() const { return findings_; }

 private:
  // `name`: the cause's.
  Finding& Slot(const search::RootCause& cause, const std::string& name);
  Finding& SlotOfStranger(const std::string& name);
  RuleSet KnownRepairs(const Draft& draft, Property property) const;
  // Which bug the script shows, and by which script that is known.
  void Recognise(const Script& script, Finding& finding) const;
  void Put(const search::RootCause& cause, const Draft& draft,
           Finding& finding);

  KernelSpec kernel_;
  std::string name_;
  Known known_;
  std::map<std::string, Finding> findings_;     // by RootCause::Name()
  std::map<std::string, std::string> aliases_;  // the same, then and now
};

}  // namespace vmtrunc::campaign

#endif  // VMTRUNC_CAMPAIGN_FINDINGS_H_
