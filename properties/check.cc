#include "properties/check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/place.h"
#include "base/shown.h"
#include "base/write.h"
#include "core/check.h"

namespace vmtrunc::properties {
namespace {

// Thrown through rapidcheck, which has no other way to end a search.
struct Stopped {};

bool IsStopped(const CheckParams& params) {
  return params.stop != nullptr && *params.stop;
}

// Tells of each script, and counts those that shrinking tries.
class Listener : public QuietListener {
 public:
  Listener(const CheckOutcome& outcome, std::function<bool()> is_over,
           std::function<void()> on_case)
      : outcome_(outcome),
        is_over_(std::move(is_over)),
        on_case_(std::move(on_case)) {}

  void onTestCaseFinished(const rc::detail::CaseDescription&) override {
    if (on_case_) on_case_();
    if (outcome_.what.empty() && is_over_()) throw Stopped{};
  }
  void onShrinkTried(const rc::detail::CaseDescription&, bool) override {
    ++tried_;
    if (on_case_) on_case_();
  }

  unsigned tried() const { return tried_; }

 private:
  const CheckOutcome& outcome_;
  std::function<bool()> is_over_;
  std::function<void()> on_case_;
  unsigned tried_ = 0;
};

// What rapidcheck says where the script of a `reproduce` violates nothing.
constexpr std::string_view kNoFailure = "Reproduced result is not a failure";

std::string Again(const std::string& id, const rc::detail::Reproduce& where,
                  uint64_t seed) {
  rc::detail::Configuration again;
  again.testParams.seed = seed;
  again.reproduce[id] = where;
  return rc::detail::configToMinimalString(again);
}

// What was not violated, of what was run; `is_over`: perhaps not to its end.
void TakeResult(const rc::detail::TestResult& result, const std::string& id,
                const CheckParams& params, bool is_over,
                CheckOutcome& outcome) {
  if (result.is<rc::detail::SuccessResult>()) {
    outcome.holds = true;
    outcome.scripts = result.get<rc::detail::SuccessResult>().numSuccess;
    return;
  }
  if (result.is<rc::detail::FailureResult>()) {
    const auto& failure = result.get<rc::detail::FailureResult>();
    outcome.scripts = failure.numSuccess;
    outcome.again = Again(id, failure.reproduce, params.rc.seed);
    return;
  }
  // A `reproduce` leads to its script through those that shrinking tried: one
  // of them may violate the property where that script does not.
  const auto where = params.reproduce.find(id);
  const std::string why = result.is<rc::detail::Error>()
                              ? result.get<rc::detail::Error>().description
                              : "it gave up";
  if (!outcome.what.empty() && where != params.reproduce.end()) {
    outcome.again = Again(id, where->second, params.rc.seed);
  } else if (is_over) {
    outcome.stopped = true;
  } else if (why == kNoFailure) {
    outcome.holds = true;
    outcome.scripts = 1;
  } else {
    throw base::UsageError{
        absl::StrCat("RC_PARAMS: expected a reproduce of these scripts: "
                     "rapidcheck says of ",
                     id, ": ", why)};
  }
}

}  // namespace

CurrentScript::CurrentScript(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  struct stat left{};
  if (::lstat(path_.c_str(), &left) == 0) {
    if (!S_ISREG(left.st_mode))
      throw base::UsageError{base::Shown(path_) +
                             ": expected a regular file, to be replaced, or "
                             "none"};
    if (left.st_size > 0)
      ended_ = base::SetAside(path_, path_ + "-ended", ".bytes");
    // Made again: an old one may have other names.
    else if (::unlink(path_.c_str()) != 0)
      base::FailPath(path_, errno);
  }
  file_ = ::open(path_.c_str(),
                 O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (file_ < 0) base::FailPath(path_, errno);
}

CurrentScript::~CurrentScript() {
  if (file_ < 0) return;
  if (base::IsStill(file_, path_)) ::unlink(path_.c_str());
  ::close(file_);
}

void CurrentScript::ExpectThere() const {
  if (file_ >= 0 && !base::IsStill(file_, path_))
    base::FailExchanged(path_.substr(0, path_.rfind('/')));
}

void CurrentScript::Save(const Script& script, const KernelSpec& kernel) {
  if (file_ < 0) return;
  Script saved = script;
  SetKernel(kernel, saved);
  const std::vector<uint8_t> bytes = EncodeBytes(saved);
  int error =
      ::lseek(file_, 0, SEEK_SET) == 0
          ? base::WriteAll(file_, {reinterpret_cast<const char*>(bytes.data()),
                                   bytes.size()})
          : errno;
  if (error == 0 && ::ftruncate(file_, static_cast<off_t>(bytes.size())) != 0)
    error = errno;
  if (error != 0)
    refused_ = {absl::StrCat(base::Shown(path_), ": ", std::strerror(error))};
}

std::string CheckId(const ScriptProperty& property, const KernelSpec& kernel) {
  return absl::StrCat(property.name, " on ", kernel.ToString());
}

CheckOutcome Check(const ScriptProperty& property, const KernelSpec& kernel,
                   const KernelSpec& other, const CheckParams& params,
                   CurrentScript& current) {
  const Rules rules = kernel.rules();
  const Rules other_rules = other.rules();
  const std::string id = CheckId(property, kernel);
  VMT_CHECK(params.Runs(id));  // else rapidcheck runs nothing, and says it held
  CheckOutcome outcome;
  const auto is_over = [&] { return IsStopped(params) || current.refused(); };
  Listener listener(outcome, is_over, params.on_case);
  // What fails last is what shrinking ends with: it continues from each smaller
  // script that fails.
  const auto body = [&](const Script& script) {
    // From when it is over no smaller script fails any more: shrinking ends.
    if (is_over()) return;
    current.Save(script, kernel);
    if (is_over()) return;
    std::string what = property.check(script, rules, other_rules);
    if (what.empty()) return;
    outcome.what = std::move(what);
    outcome.script = script;
    RC_FAIL(outcome.what);
  };
  std::optional<rc::detail::TestResult> made;
  try {
    const rc::detail::TestMetadata about{id, property.sentence};
    made = CheckScripts(ScriptsFor(property), rules, body, about, params.rc,
                        listener, params.reproduce);
  } catch (const Stopped&) {
    outcome.stopped = true;
    return outcome;
  }
  outcome.tried = listener.tried();
  TakeResult(*made, id, params, is_over(), outcome);
  if (!outcome.holds) SetKernel(kernel, outcome.script);
  return outcome;
}

}  // namespace vmtrunc::properties
