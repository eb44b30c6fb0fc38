#include "base/marker.h"

#include <filesystem>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/own_directory.h"
#include "base/place.h"
#include "base/read.h"

namespace vmtrunc::base {

std::string MarkerText(const std::string& command, const Hashes& hashes) {
  std::string text = absl::StrCat(
      "vmtrunc ", command, " 1\n",
      "# What vmtrunc wrote here and may replace: hash, name. docs/files.md\n");
  for (const auto& [name, contents] : hashes)
    for (const std::string& hash : contents)
      absl::StrAppend(&text, hash, " ", absl::CEscape(name), "\n");
  return text;
}

std::optional<Hashes> ParseMarker(const std::string& text,
                                  const std::string& command) {
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  if (lines[0] != absl::StrCat("vmtrunc ", command, " 1")) return std::nullopt;
  Hashes hashes;
  for (size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty() || lines[i].front() == '#') continue;
    const std::vector<std::string> parts =
        absl::StrSplit(lines[i], absl::MaxSplits(' ', 1));
    std::string name;
    if (parts.size() != 2 || !absl::CUnescape(parts[1], &name) ||
        !IsResultName(name))
      return std::nullopt;
    hashes[name].insert(parts[0]);
  }
  return hashes;
}

std::optional<Hashes> ReadMarker(const std::string& directory,
                                 const std::string& command) {
  const std::string path = absl::StrCat(directory, "/", OwnDirectory::kMarker);
  const auto text = TypeOf(path) == std::filesystem::file_type::regular
                        ? ReadKnown(path, kMostMarker)
                        : std::nullopt;
  return text ? ParseMarker(*text, command) : std::nullopt;
}

bool IsResultName(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && !IsBookkeeping(name) &&
         name.find('/') == std::string::npos;
}

bool IsOneOf(const std::optional<std::string>& content,
             const std::set<std::string>& hashes) {
  return content && hashes.contains(NameOf(*content));
}

bool HasContent(const std::string& path, const std::set<std::string>& hashes) {
  return IsRegularFile(path) && IsOneOf(ReadWhole(path, kMostResult), hashes);
}

}  // namespace vmtrunc::base
