// The files that a command writes one by one in a directory which others write
// to as well. It distinguishes its own from theirs.
//
// Its file .vmtrunc lists them, as in a directory of results
// (base/own_directory.h). It is read before each change, and is valid at any
// moment: a content is listed before it is written.
#ifndef VMTRUNC_BASE_OWN_FILES_H_
#define VMTRUNC_BASE_OWN_FILES_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/marker.h"

namespace vmtrunc::base {

// Replaces and removes nothing but regular files with a content that was listed
// when it first looked, or that it wrote: what comes later with a list of its
// own, as another machine's files do, it has not read. A .vmtrunc that is
// foreign or damaged stays, and then no file is ours.
class OwnFiles {
 public:
  // `command` is the owner ("campaign").
  OwnFiles(std::string directory, std::string command)
      : directory_(std::move(directory)), command_(std::move(command)) {}

  // Why no file is ours, for a line; "" if the list is ours, or not there yet.
  // Throws UsageError if it cannot be read.
  std::string Refused();

  // Of a name of a file of ours: whether it may be replaced.
  using MayReplace = std::function<bool(const std::string& name)>;

  // Writes STEM.EXTENSION or, if that is there and may not be replaced,
  // STEM-2.EXTENSION and so on; without `may_replace` any file of ours may.
  // Returns the name; a file that already has this content counts. Throws
  // UsageError.
  std::string Write(const std::string& stem, const std::string& extension,
                    const std::string& content,
                    const MayReplace& may_replace = nullptr);

  // Removes the file if it is ours. Throws UsageError.
  void Remove(const std::string& name);

 private:
  std::string Path(const std::string& name) const {
    return directory_ + "/" + name;
  }
  void Look();  // at the list
  bool IsOurs(const std::string& name) const;
  void List(const Hashes& hashes) const;

  const std::string directory_, command_;
  Hashes listed_;
  std::optional<Hashes> ours_;  // of these, and what it wrote
  std::string refused_;
};

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_OWN_FILES_H_
