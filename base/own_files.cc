#include "base/own_files.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/name_part.h"
#include "base/own_directory.h"
#include "base/place.h"
#include "base/shown.h"
#include "base/write.h"

namespace vmtrunc::base {

std::string OwnFiles::Refused() {
  Look();
  return refused_;
}

void OwnFiles::Look() {
  listed_.clear();
  refused_.clear();
  const absl::Cleanup first = [&] {
    if (!ours_) ours_ = listed_;
  };
  const std::string list = Path(OwnDirectory::kMarker);
  if (!IsThere(list)) return;
  if (auto hashes = ReadMarker(directory_, command_))
    listed_ = *std::move(hashes);
  else
    refused_ = absl::StrCat(
        Shown(list), ": expected the list of the files that vmtrunc ", command_,
        " wrote there; it stays, and no file is replaced");
}

bool OwnFiles::IsOurs(const std::string& name) const {
  const auto listed = listed_.find(name);
  const auto ours = ours_->find(name);
  return listed != listed_.end() && ours != ours_->end() &&
         HasContent(Path(name), listed->second) &&
         HasContent(Path(name), ours->second);
}

void OwnFiles::List(const Hashes& hashes) const {
  WriteOwn(Path(OwnDirectory::kMarker), MarkerText(command_, hashes));
}

std::string OwnFiles::Write(const std::string& stem,
                            const std::string& extension,
                            const std::string& content,
                            const MayReplace& may_replace) {
  Look();
  const std::string hash = NameOf(content);
  std::string name;
  bool replaces = false;
  for (unsigned n = 1;; ++n) {
    name = NumberedName(stem, n, "." + extension);
    if (HasContent(Path(name), {hash})) return name;
    replaces = IsOurs(name) && (!may_replace || may_replace(name));
    if (replaces || !IsThere(Path(name))) break;
  }
  if (refused_.empty()) {
    Hashes both = listed_;
    both[name].insert(hash);
    List(both);
  }
  if (replaces)
    WriteOwn(Path(name), content);
  else  // another process may have taken the name meanwhile
    name = std::filesystem::path(WriteUnused(Path(stem), extension, content))
               .filename()
               .string();
  (*ours_)[name].insert(hash);
  if (refused_.empty()) {
    listed_[name] = {hash};
    List(listed_);
  }
  return name;
}

void OwnFiles::Remove(const std::string& name) {
  Look();
  if (!IsOurs(name)) return;
  if (::unlink(Path(name).c_str()) != 0) FailPath(Path(name), errno);
  listed_.erase(name);
  List(listed_);
}

}  // namespace vmtrunc::base
