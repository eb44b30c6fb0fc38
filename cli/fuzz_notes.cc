#include "cli/fuzz_notes.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/name_part.h"
#include "base/place.h"
#include "base/read.h"
#include "base/write.h"
#include "core/run/run.h"
#include "fuzz/kernel_beside.h"
#include "report/verdict.h"

namespace vmtrunc::cli {
namespace {

using Bytes = std::vector<uint8_t>;

// libFuzzer's file of an input does not name the kernel.
Bytes WithoutKernel(const std::string& saved) {
  Script script = DecodeSaved(saved);
  script.kernel.reset();
  return EncodeBytes(script);
}

bool Stopped(const JobEnd& job) { return job.status.found != 0; }

// Whose an input is, of the jobs of a run.
class Owners {
 public:
  explicit Owners(const std::vector<JobEnd>& jobs) : jobs_(jobs) {
    for (const JobEnd& job : jobs) {
      const auto last = base::ReadWhole(
          job.directory + "/" + fuzz::kCurrentFile, base::kMostInput);
      last_.push_back(last ? std::optional(WithoutKernel(*last))
                           : std::nullopt);
      written_.push_back(WrittenBy(job));
    }
  }

  // The job that ran the input last: one that stopped because it violates a
  // property, if there is one. Null: none.
  const JobEnd* OfLast(const std::string& content) const {
    const Bytes input = WithoutKernel(content);
    const JobEnd* owner = nullptr;
    for (size_t i = 0; i < jobs_.size(); ++i)
      if (last_[i] == input &&
          (owner == nullptr || (Stopped(jobs_[i]) && !Stopped(*owner))))
        owner = &jobs_[i];
    return owner;
  }

  // The job whose log says that it wrote the file: it may have continued after
  // a slow input. Null: none.
  const JobEnd* OfLog(const std::string& name) const {
    for (size_t i = 0; i < jobs_.size(); ++i)
      if (absl::StrContains(written_[i], name)) return &jobs_[i];
    return nullptr;
  }

 private:
  static constexpr size_t kMostLog = size_t{64} << 20;

  // The lines of libFuzzer's that name a file.
  static std::string WrittenBy(const JobEnd& job) {
    const auto log = base::ReadWhole(job.directory + "/log", kMostLog);
    std::string written;
    for (const absl::string_view line : absl::StrSplit(log.value_or(""), '\n'))
      if (absl::StrContains(line, "Test unit written to "))
        absl::StrAppend(&written, line, "\n");
    return written;
  }

  const std::vector<JobEnd>& jobs_;
  std::vector<std::optional<Bytes>> last_;
  std::vector<std::string> written_;
};

// Requires: a job has run it to its end, so that it ends here too.
void AddViolated(const FuzzOptions& o, const std::string& content,
                 fuzz::InputNote& note) {
  const uint32_t stops = StopsFor(o);
  const uint32_t broken =
      stops &
      Run<LargeCaps>(DecodeSaved(content), o.spec.rules(), {.report = stops})
          .broken;
  for (int i = 0; i < kProperties; ++i) {
    const auto property = static_cast<Property>(i);
    if ((broken & Bit(property)) == 0) continue;
    absl::StrAppend(&note.property, note.property.empty() ? "" : ",",
                    Name(property));
    note.options += report::OptionFor(property);
  }
}

constexpr const char* kCopyExtension = "bytes";

std::string CopyStem(const FuzzDirectory& directory, const FuzzOptions& o,
                     const std::string& name) {
  return absl::StrCat(directory.Path(name), "-",
                      base::NamePart(o.spec.ToString()));
}

bool SaysAsMuch(const Notes& notes, const fuzz::InputNote& note) {
  if (!notes.is_of_this_kernel) return false;
  for (const absl::string_view property :
       absl::StrSplit(note.property, ',', absl::SkipEmpty()))
    if (!notes.properties.contains(std::string(property))) return false;
  return true;
}

void WriteNote(const FuzzOptions& o, const FuzzDirectory& directory,
               const Owners& owners, const std::string& name) {
  const std::string path = directory.Path(name);
  const auto content = base::ReadWhole(path, base::kMostInput);
  if (!content) return;
  const JobEnd* owner = owners.OfLast(*content);
  const bool violates = owner != nullptr && Stopped(*owner);
  // Else the process died of it. Without a note the next run tells that again.
  if (name.starts_with("crash-") && !violates) return;
  if (owner == nullptr) owner = owners.OfLog(name);
  fuzz::InputNote note{.kernel = o.spec,
                       .property = {},
                       .options = {},
                       .seed = owner == nullptr ? 0 : owner->seed};
  if (violates) AddViolated(o, *content, note);
  const bool is_free = !base::IsThere(path + ".md");
  if (!is_free && SaysAsMuch(NotesBeside(o, directory, name), note)) return;
  // A note that says less stays: it is of another kernel, or property.
  const std::string noted =
      is_free ? path
              : base::WriteUnused(CopyStem(directory, o, name), kCopyExtension,
                                  *content);
  base::WriteUnused(noted, "md", fuzz::NoteText(note, noted, *content));
}

}  // namespace

Notes NotesBeside(const FuzzOptions& o, const FuzzDirectory& directory,
                  const std::string& name) {
  Notes notes;
  for (const std::string& path :
       {directory.Path(name),
        absl::StrCat(CopyStem(directory, o, name), ".", kCopyExtension)}) {
    std::optional<fuzz::InputNote> note;
    try {
      note = fuzz::NoteBeside(path);
    } catch (const base::UsageError&) {
      notes.is_noted = true;  // it names a kernel that is not built
    }
    if (!note) continue;
    notes.is_noted = true;
    if (!notes.first) notes.first = note->kernel;
    if (note->kernel != o.spec) continue;
    notes.is_of_this_kernel = true;
    for (const absl::string_view property :
         absl::StrSplit(note->property, ',', absl::SkipEmpty()))
      notes.properties.emplace(property);
  }
  return notes;
}

void WriteNotes(const FuzzOptions& o, const FuzzDirectory& directory,
                const FuzzRun& run) {
  const Owners owners(run.jobs);
  for (const std::string& name : directory.NewArtifacts())
    WriteNote(o, directory, owners, name);
  for (const std::string& name : directory.ArtifactsBefore())
    if (name.starts_with("crash-") || owners.OfLog(name) != nullptr)
      WriteNote(o, directory, owners, name);
}

}  // namespace vmtrunc::cli
