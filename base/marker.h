// The file .vmtrunc of a directory: which command wrote there, and its files,
// each with a hash of its content. Only these are ever replaced or removed, and
// only while they have that content.
#ifndef VMTRUNC_BASE_MARKER_H_
#define VMTRUNC_BASE_MARKER_H_

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace vmtrunc::base {

inline constexpr size_t kMostMarker = size_t{64} << 20;  // bytes
inline constexpr size_t kMostResult = size_t{64} << 20;

// The contents that each file may have, by NameOf(): two while it is replaced.
using Hashes = std::map<std::string, std::set<std::string>>;

std::string MarkerText(const std::string& command, const Hashes& hashes);

// Nothing if the text is no marker of this command.
std::optional<Hashes> ParseMarker(const std::string& text,
                                  const std::string& command);

// The marker of the directory. Nothing if there is none of this command: no
// such file, a link, or another text. Throws UsageError if it cannot be read.
std::optional<Hashes> ReadMarker(const std::string& directory,
                                 const std::string& command);

// Whether a listed file may have this name.
bool IsResultName(const std::string& name);

bool IsOneOf(const std::optional<std::string>& content,
             const std::set<std::string>& hashes);

// Whether it is a regular file, not a link, with one of these contents.
bool HasContent(const std::string& path, const std::set<std::string>& hashes);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_MARKER_H_
