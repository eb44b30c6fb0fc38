// A directory of results that a command may replace. It distinguishes the
// command's files from foreign ones.
//
// Its file .vmtrunc names the command that wrote there, and lists the files
// that it wrote, each with a hash of its content. Only these files are ever
// replaced or removed, and only while they have that content.
#ifndef VMTRUNC_BASE_OWN_DIRECTORY_H_
#define VMTRUNC_BASE_OWN_DIRECTORY_H_

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/marker.h"
#include "base/place.h"

namespace vmtrunc::base {

// A name for the content: a hash of 16 digits.
std::string NameOf(std::string_view content);

// Whether this is a file that vmtrunc keeps in a directory for itself: neither
// input nor result.
bool IsBookkeeping(std::string_view file_name);
// Whether what is found in a directory of inputs is none, by its name: notes
// (*.md, AFL++'s README.txt), kernels (*.kernel), IsBookkeeping(); or has none:
// AFL++'s .state/.
bool IsBesideInputs(std::string_view name, bool is_directory);
// Throws UsageError about `name` if the file would have such a name, in any
// directory.
void ExpectNoBookkeeping(const std::string& name, const std::string& path);

class OwnDirectory {
 public:
  static constexpr const char* kMarker = ".vmtrunc";

  using Files = std::vector<std::pair<std::string, std::string>>;

  // Checks the directory, and changes nothing. It must be missing, empty, or
  // with `replace` one that `command` ("distill") wrote. Throws UsageError if
  // it is not, and if a file of ours has been changed since.
  OwnDirectory(std::string option, std::string directory, std::string command,
               bool replace);

  // Throws UsageError if one of these names exists and is not ours.
  void ExpectFree(const Files& files) const;

  // Makes these files, names and contents, the command's files there. A new or
  // empty directory appears whole or not at all; in one that is replaced each
  // file is whole, and the marker is valid at any moment. `durable`: on disk
  // when it returns. Throws UsageError and leaves the old content, except files
  // that were already replaced by newer ones of ours.
  void Write(const Files& files, bool durable);

  // Called before each change that other processes can see.
  static inline std::function<void()> on_step_for_test;

 private:
  // The place of a foreign file that could not be put back.
  struct Stray {
    std::string what;
  };

  void Look();
  void ExpectWritable() const;
  std::string Plain() const;  // without trailing slashes
  std::string Above() const;
  void MakeNew(const Files& files, bool durable);
  void WriteInside(const Files& files, bool durable);
  void PutMarker(const std::string& made, const Hashes& hashes) const;
  void Put(const std::string& made, const std::string& name,
           const std::string& hash) const;
  void Take(const std::string& made, const std::string& name,
            const std::set<std::string>& hashes) const;
  void Step() const;
  void Fill(const std::string& made, const Files& files, bool durable) const;
  [[noreturn]] void Refuse(const std::string& what) const;
  [[noreturn]] void RefuseChanged(const std::string& name) const;

  const std::string option_, directory_, command_;
  const bool replace_;
  Hashes ours_;
  bool is_empty_ = true;  // or missing
};

// Removes a directory that we made: its regular files whose names are `known`,
// then the directory. Other files stay, and so does the directory then; all, if
// a link or a mount has its name. Returns whether the directory was removed.
bool RemoveKnown(const std::string& directory,
                 const std::function<bool(std::string_view)>& known);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_OWN_DIRECTORY_H_
