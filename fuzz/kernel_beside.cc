#include "fuzz/kernel_beside.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/error.h"
#include "base/own_directory.h"
#include "base/read.h"
#include "base/shown.h"
#include "core/build_id.h"

namespace vmtrunc::fuzz {
namespace {

constexpr std::string_view kNoteHead = "# An input that vmtrunc fuzz saved\n";
constexpr size_t kMostNote = size_t{1} << 16;

// The text after a word at the start of a line, or nothing.
std::optional<std::string> FieldOf(const std::string& text,
                                   absl::string_view word) {
  for (absl::string_view line : absl::StrSplit(text, '\n'))
    if (line.size() > 13 && absl::ConsumePrefix(&line, "    ") &&
        absl::StripTrailingAsciiWhitespace(line.substr(0, 9)) == word)
      return std::string(line.substr(9));
  return std::nullopt;
}

}  // namespace

std::string NoteText(const InputNote& note, const std::string& path,
                     const std::string& content) {
  const std::string kernel = note.kernel.ToString();
  std::string text =
      absl::StrCat(std::string(kNoteHead), "\n    kernel   ", kernel, "\n");
  if (!note.property.empty())
    absl::StrAppend(&text, "    breaks   ", note.property, "\n");
  absl::StrAppend(&text, "    seed     ",
                  note.seed == 0 ? "unknown" : absl::StrCat(note.seed), "\n");
  absl::StrAppend(&text, "    build    ", BuildId(), "\n    content  ",
                  base::NameOf(content), "\n    again    vmtrunc run --kernel ",
                  kernel, " ", note.options, "--from bytes ",
                  base::PathWord(path), "\n");
  return text;
}

std::optional<InputNote> NoteBeside(const std::string& path) {
  if (path == "-") return std::nullopt;
  // Not the default kernel because a note cannot be read.
  const auto text = base::ReadKnown(path + ".md", kMostNote);
  if (!text || !text->starts_with(kNoteHead)) return std::nullopt;
  const auto content = base::ReadKnown(path, base::kMostInput);
  const auto kernel = FieldOf(*text, "kernel");
  if (!content || !kernel ||
      FieldOf(*text, "content") != base::NameOf(*content))
    return std::nullopt;
  const auto spec = ParseKernelSpec(*kernel);
  if (!spec.ok())
    throw base::UsageError{absl::StrCat(base::Shown(path), ".md: kernel ",
                                        base::Shown(*kernel), ": expected ",
                                        std::string(spec.status().message()))};
  return InputNote{.kernel = *spec,
                   .property = FieldOf(*text, "breaks").value_or(""),
                   .options = {}};
}

std::optional<KernelSpec> KernelBeside(const std::string& path) {
  const auto note = NoteBeside(path);
  if (!note) return std::nullopt;
  base::NoteRead(path + ".md");
  return note->kernel;
}

}  // namespace vmtrunc::fuzz
