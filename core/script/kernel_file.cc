#include "core/script/kernel_file.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/script/utf16.h"
#include "core/version.h"

namespace vmtrunc {
namespace {

std::string Head() { return absl::StrCat("vmtrunc-kernel ", kKernelVersion); }

constexpr size_t kMostName = 64;

absl::Status Expected(unsigned line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(line, ": expected ", what));
}

// A line without its comment, and the comment.
struct Line {
  unsigned number;
  std::string words;
  std::string comment;
};

std::vector<Line> LinesOf(std::string_view text) {
  std::vector<Line> lines;
  unsigned number = 0;
  for (const std::string& line :
       std::vector<std::string>(absl::StrSplit(std::string(text), '\n'))) {
    const size_t hash = std::min(line.find('#'), line.size());
    const auto strip = [](const std::string& part) {
      return std::string(absl::StripAsciiWhitespace(part));
    };
    lines.push_back({.number = ++number,
                     .words = strip(line.substr(0, hash)),
                     .comment = hash == line.size()
                                    ? std::string()
                                    : strip(line.substr(hash + 1))});
  }
  return lines;
}

// What is typed in these lines goes into messages, and there are no other
// characters in any name.
bool IsPlain(std::string_view words) {
  return std::ranges::all_of(words, [](char c) {
    return absl::ascii_isprint(static_cast<unsigned char>(c)) || c == '\t';
  });
}

// What stands after `word` in a line that begins with it; nothing where
// another word does.
std::optional<std::string> After(std::string_view word, const Line& line) {
  if (!line.words.starts_with(word)) return std::nullopt;
  const std::string rest = line.words.substr(word.size());
  if (rest.empty() || !absl::ascii_isspace(static_cast<unsigned char>(rest[0])))
    return std::nullopt;
  return std::string(absl::StripAsciiWhitespace(rest));
}

absl::Status SetName(const Line& line, KernelFile& file) {
  const auto name = After("name", line);
  const auto is_part = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
           c == '-' || c == '_';
  };
  if (!name || name->size() > kMostName || !std::ranges::all_of(*name, is_part))
    return Expected(line.number,
                    absl::StrCat("name NAME, of at most ", kMostName,
                                 " letters, digits and . - _"));
  if (*name == "all" || ParseKernelSpec(*name).ok())
    return Expected(
        line.number,
        absl::StrCat("a name of its own, not ", *name,
                     *name == "all" ? ", which names every built kernel"
                                    : ", which names a built kernel"));
  file.name = *name;
  return absl::OkStatus();
}

absl::Status SetBase(const Line& line, KernelFile& file) {
  const auto base = After("base", line);
  if (!base) return Expected(line.number, "base KERNEL");
  const auto spec = ParseKernelSpec(*base);
  if (absl::IsNotFound(spec.status()))
    return Expected(line.number, spec.status().message());
  const KernelInfo* const kernel =
      spec.ok() ? &AllKernels()[spec->kernel] : nullptr;
  if (kernel == nullptr || (*base != kernel->name && *base != kernel->alias))
    return Expected(line.number,
                    "base KERNEL alone; + RULE and - RULE are lines below");
  file.base = spec->kernel;
  return absl::OkStatus();
}

absl::Status AddFlip(const Line& line, KernelFile& file) {
  const char sign = line.words[0];
  if (sign != '+' && sign != '-')
    return Expected(line.number, "+ RULE or - RULE, one a line");
  const std::string name(absl::StripAsciiWhitespace(line.words.substr(1)));
  const auto rule = FindRule(name);
  if (!rule.ok()) return Expected(line.number, rule.status().message());
  for (const KernelFile::Flip& flip : file.flips)
    if (flip.rule == *rule)
      return Expected(line.number, absl::StrCat("each rule once; ", name,
                                                " is in line ", flip.line));
  const KernelInfo& base = AllKernels()[file.base];
  if (base.rules.*AllRules()[*rule].flag == (sign == '+'))
    return Expected(line.number, absl::StrCat("a rule that ", base.name,
                                              sign == '+' ? " lacks" : " has",
                                              ", not ", name));
  file.flips.push_back(
      {.rule = *rule, .why = line.comment, .line = line.number});
  return absl::OkStatus();
}

}  // namespace

KernelSpec KernelFile::spec() const {
  KernelSpec spec{.kernel = base};
  for (const Flip& flip : flips) spec.flips.set(flip.rule);
  return spec;
}

absl::StatusOr<KernelFile> ParseKernelFile(std::string_view text) {
  if (IsUtf16(text)) return Expected(1, kNotUtf16);
  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);  // a byte order mark
  if (text.size() > kMostKernelFile)
    return Expected(1, absl::StrCat("at most ", kMostKernelFile, " bytes"));
  KernelFile file;
  bool has_head = false, has_base = false;
  unsigned last = 1;
  for (const Line& line : LinesOf(text)) {
    if (line.words.empty() && !line.comment.empty())
      file.comments.push_back(line.comment);
    if (line.words.empty()) continue;
    last = line.number;
    absl::Status status;
    if (!has_head) {
      has_head = line.words == Head();
      if (!has_head) status = Expected(line.number, Head());
    } else if (!IsPlain(line.words)) {
      status = Expected(line.number, "plain ASCII outside of comments");
    } else if (file.name.empty()) {
      status = SetName(line, file);
    } else if (!has_base) {
      status = SetBase(line, file);
      has_base = status.ok();
    } else {
      status = AddFlip(line, file);
    }
    if (!status.ok()) return status;
  }
  if (!has_head) return Expected(last, Head());
  if (file.name.empty()) return Expected(last + 1, "name NAME");
  if (!has_base) return Expected(last + 1, "base KERNEL");
  return file;
}

}  // namespace vmtrunc
