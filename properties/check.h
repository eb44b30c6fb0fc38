// Runs a property through rapidcheck, and tells of a failure what a person
// needs to act.
#ifndef VMTRUNC_PROPERTIES_CHECK_H_
#define VMTRUNC_PROPERTIES_CHECK_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "properties/gen.h"
#include "properties/properties.h"
#include "search/tables.h"

namespace vmtrunc::properties {

// Keeps the script that runs in a file, so that an abort loses nothing: in the
// byte form, which `vmtrunc run` reads.
class CurrentScript {
 public:
  // Creates `path`, or does nothing when it is empty. What a command that did
  // not end by itself has left there is kept under another name: ended().
  // Throws base::UsageError when it cannot be written, and where a link or
  // another file that is not a regular one has the name.
  // Goes in the end.
  explicit CurrentScript(std::string path);
  // Throws base::UsageError if another directory has the name of that of the
  // file by now, so that a finding would get into it.
  void ExpectThere() const;
  ~CurrentScript();
  CurrentScript(const CurrentScript&) = delete;
  CurrentScript& operator=(const CurrentScript&) = delete;

  // Puts the script and the kernel that it runs on into the file. Nothing is
  // thrown: rapidcheck would take it for a script that fails.
  void Save(const Script& script, const KernelSpec& kernel);

  // Why it could not be written, from then on.
  const std::optional<base::UsageError>& refused() const { return refused_; }

  // Where the script is that ran when an earlier command was killed, or "".
  const std::string& ended() const { return ended_; }

 private:
  std::string path_, ended_;
  std::optional<base::UsageError> refused_;
  int file_ = -1;
};

// Hears nothing, so that rapidcheck prints nothing.
struct QuietListener : rc::detail::TestListener {
  void onTestCaseFinished(const rc::detail::CaseDescription&) override {}
  void onShrinkTried(const rc::detail::CaseDescription&, bool) override {}
  void onTestFinished(const rc::detail::TestMetadata&,
                      const rc::detail::TestResult&) override {}
};

// Runs `body`, which takes a Script, on scripts of the kind for the kernel.
template <class Body>
rc::detail::TestResult CheckScripts(
    Scripts kind, const Rules& rules, Body body,
    const rc::detail::TestMetadata& about, const rc::detail::TestParams& params,
    rc::detail::TestListener& listener,
    const std::unordered_map<std::string, rc::detail::Reproduce>& again = {}) {
  if (kind == Scripts::kPlain && !search::HasTables(rules))
    return rc::detail::checkTestable([&](const Script& it) { body(it); }, about,
                                     params, listener, again);
  return rc::detail::checkTestable([&] { body(*AnyScriptOf(kind, rules)); },
                                   about, params, listener, again);
}

struct CheckParams {
  rc::detail::TestParams rc;
  // By the id that rapidcheck gives a failure: where to begin again. Each is of
  // one script.
  std::unordered_map<std::string, rc::detail::Reproduce> reproduce;
  std::function<void()> on_case;  // after each script, or empty
  // Whether to stop, or nullptr: what was violated by then is reported.
  const std::atomic<bool>* stop = nullptr;

  // Whether the check of this id is run: where there is a `reproduce`, those
  // alone that it names.
  bool Runs(const std::string& id) const {
    return reproduce.empty() || reproduce.contains(id);
  }
};

struct CheckOutcome {
  bool holds = false;
  bool stopped = false;  // before it was known, or CurrentScript::refused()
  int scripts = 0;       // that held
  std::string what;      // what broke, of the shrunk script
  Script script;         // shrunk, valid unless `holds`
  unsigned tried = 0;    // smaller scripts
  std::string again;     // RC_PARAMS that give this failure again
};

// "PROPERTY on KERNEL": by this a failure is known to rapidcheck.
std::string CheckId(const ScriptProperty& property, const KernelSpec& kernel);

// `other` is as in ScriptProperty::check. A `reproduce` whose script violates
// nothing any more holds for one script.
// Throws base::UsageError where rapidcheck has no answer: a `reproduce` of
// other scripts. Requires: the check is run (CheckParams::Runs()).
CheckOutcome Check(const ScriptProperty& property, const KernelSpec& kernel,
                   const KernelSpec& other, const CheckParams& params,
                   CurrentScript& current);

}  // namespace vmtrunc::properties

#endif  // VMTRUNC_PROPERTIES_CHECK_H_
