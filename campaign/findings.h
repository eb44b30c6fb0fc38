// The violations that a campaign has found: the smallest script for each root
// cause, and for each bug where several have the same cause.
#ifndef VMTRUNC_CAMPAIGN_FINDINGS_H_
#define VMTRUNC_CAMPAIGN_FINDINGS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/name_part.h"
#include "campaign/known.h"
#include "campaign/log.h"
#include "search/shrink.h"

namespace vmtrunc::campaign {

struct Finding {
  std::string kernel;
  std::string cause;  // RootCause::Name()
  // In Findings::all() and in the log: `cause`, or CAUSE=BUG where another bug
  // with that cause was there first.
  std::string name;
  std::string property, words;
  // The known bug that its script shows (report::BugShownBy), and a sentence
  // about it; or both are empty.
  std::string bug = {}, bug_what = {};
  bool is_several = false;  // several known bugs in one script: it is not kept
  bool is_known = false;
  std::string known_path;   // the script that shows it, or ""
  uint64_t executions = 0;  // that violated a property by it
  int64_t first_unix = 0,
          last_unix = 0;  // ends of slices that had it; 0: none
  Script script;          // without events if there is none yet
  // Of the script, without .vmt, once it is written. It is not Stem() where
  // that was taken, or where its cause had another name.
  std::string file = {};
  search::Cost cost;
  bool is_minimised = false;  // as far as it goes, in this process
  bool has_page = true;       // a page beside the script, that explains it
  unsigned shrunk = 0;        // number of its inputs that were minimised

  bool has_script() const { return !script.events.empty(); }
  // What a new script of it is called, if the name is free.
  std::string Stem() const { return base::NamePart(kernel) + "-" + cause; }
  std::string FileName() const { return file.empty() ? Stem() : file; }
};

// Minimises as far as `stop` allows, which is called from time to time: first
// quickly, then, in the remaining time, with more effort, `most` at most.
Draft ShrinkUntil(const Draft& draft, const search::Judge& judge,
                  const std::function<bool()>& stop,
                  search::Effort most = search::Effort::kThorough);

// The findings on one kernel. The caller reads and writes their files.
class Findings {
 public:
  Findings(KernelSpec kernel, std::string name, Known known)
      : kernel_(kernel), name_(std::move(name)), known_(std::move(known)) {}

  const Known& known() const { return known_; }

  // Minimises an input that violates a property, and classifies it by root
  // cause. Returns the finding if its script is new or smaller than before, to
  // be written; else nullptr, also for an input that holds. `name`: set to the
  // finding's, under which executions are counted.
  const Finding* Add(const Draft& draft, const std::function<bool()>& stop,
                     std::string* name = nullptr);
  // Restores a script of an earlier run of the campaign, with the root cause in
  // its file name. If the known scripts have changed since, so may its root
  // cause; counts of the old one then go to the new one, unless it is the
  // script that has changed. Returns false if it does not violate here what it
  // expects to.
  bool Restore(const std::string& was, const Script& script,
               bool is_edited = false);
  // Where the script of a finding of all() was written.
  void SetFile(const Finding& finding, const std::string& file);
  // Whether a script shows the root cause, or it is known. Else nobody can say
  // of what bug an execution is that was counted under its name.
  bool IsShown(const std::string& name) const;
  // Adds a slice's number of violations, under the name that the finding had;
  // also used when the log is read. A root cause without a script is listed by
  // its name.
  void Count(const std::string& was, uint64_t executions, int64_t at_unix);

  const std::map<std::string, Finding>& all() const { return findings_; }

 private:
  // The finding of that name, which may be new.
  Finding& Slot(const search::RootCause& cause, const std::string& name);
  Finding& SlotOfStranger(const std::string& name);
  // The name of a script's finding, if it has that cause and shows that bug.
  std::string NameOf(const search::RootCause& cause,
                     const std::string& bug) const;
  // `judge`, of scripts that show the bug: slow.
  search::Judge StillShowing(const std::string& bug,
                             const search::Judge& judge) const;
  // The known bug that the script shows, if no finding does; else "".
  std::string UnseenBug(const Draft& draft) const;
  // Whether the finding is another bug than `bug`: it shows a known one, or its
  // script shows another also when it is minimised. One that is not minimised
  // may not be recognised.
  bool StaysOther(const Finding& finding, const std::string& bug,
                  const search::RootCause& cause,
                  const std::function<bool()>& stop) const;
  RuleSet KnownRepairs(const Draft& draft, Property property) const;
  // Which bug the script shows, and which known script shows it too.
  void Recognise(const Script& script, Finding& finding) const;
  void Put(const search::RootCause& cause, const Draft& draft,
           Finding& finding);

  KernelSpec kernel_;
  std::string name_;
  Known known_;
  std::map<std::string, Finding> findings_;     // by Finding::name
  std::map<std::string, std::string> aliases_;  // old name to new name
  // How often an input of an UnseenBug() was minimised for that alone.
  std::map<std::string, unsigned> looks_;
};

}  // namespace vmtrunc::campaign

#endif  // VMTRUNC_CAMPAIGN_FINDINGS_H_
