// A directory of results that a command may replace: what in it is the
// command's, and what is somebody else's.
//
// Its file .vmtrunc says which command wrote there, and lists the files that it
// wrote, each with a hash of its content. Nothing else is ever replaced or
// removed, and of these only what still has that content.
#ifndef VMTRUNC_BASE_OWN_DIRECTORY_H_
#define VMTRUNC_BASE_OWN_DIRECTORY_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/place.h"

namespace vmtrunc::base {

// A name for a content: 16 digits that in practice only the same bytes have.
std::string NameOf(std::string_view content);

// Whether this is a file that vmtrunc keeps in a directory for itself: no input
// and no result.
bool IsBookkeeping(std::string_view file_name);

class OwnDirectory {
 public:
  static constexpr const char* kMarker = ".vmtrunc";

  using Files = std::vector<std::pair<std::string, std::string>>;

  // Looks at what is there, and changes nothing: no directory, an empty one, or
  // with `replace` one that `command` ("distill") wrote. Throws UsageError
  // where that is not so, and where a file of ours has been changed since.
  OwnDirectory(std::string option, std::string directory, std::string command,
               bool replace);

  // Throws UsageError when one of these names is there and not ours.
  void ExpectFree(const Files& files) const;

  // Makes these files, names and contents, what the command has there. A
  // directory that was not there or empty appears whole or not at all; in one
  // that is replaced each file is whole, and the marker is true at any moment.
  // `durable`: on disk when it returns. Throws UsageError and leaves what was
  // there, but for files that had already been replaced by newer ones of ours.
  void Write(const Files& files, bool durable);

  // Called before each change that others see.
  static inline std::function<void()> on_step_for_test;

 private:
  // Of each file the contents that may be there: two while it is replaced.
  using Hashes = std::map<std::string, std::set<std::string>>;

  // A file of somebody else that could not be put back: where it is.
  struct Stray {
    std::string what;
  };

  void Look();
  void ExpectWritable() const;
  std::string Plain() const;  // without slashes at its end
  std::string Above() const;
  void MakeNew(const Files& files, bool durable);
  void WriteInside(const Files& files, bool durable);
  void PutMarker(const std::string& made, const Hashes& hashes) const;
  void Put(const std::string& made, const std::string& name) const;
  void Take(const std::string& made, const std::string& name,
            const std::set<std::string>& hashes) const;
  void Step() const;
  void Fill(const std::string& made, const Files& files, bool durable) const;
  std::string Marker(const Hashes& hashes) const;
  [[noreturn]] void Refuse(const std::string& what) const;
  [[noreturn]] void RefuseChanged(const std::string& name) const;

  const std::string option_, directory_, command_;
  const bool replace_;
  Hashes ours_;
  bool is_empty_ = true;  // or not there
};

// Removes a directory of our own making: its regular files whose names are
// `known`, then itself. What else is there stays, and with it the directory.
// Returns whether it is gone.
bool RemoveKnown(const std::string& directory,
                 const std::function<bool(std::string_view)>& known);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_OWN_DIRECTORY_H_
