// Checks of a place where a command may replace files.
#ifndef VMTRUNC_BASE_PLACE_H_
#define VMTRUNC_BASE_PLACE_H_

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vmtrunc::base {

// Of what has the name, not of what a link leads to; not_found if there is
// none. Throws UsageError if that cannot be found out.
std::filesystem::file_type TypeOf(const std::string& path);

// Whether something has the name, also a link to nothing. Throws UsageError if
// that cannot be found out.
bool IsThere(const std::string& path);

// Whether it is a directory or a link to one. Throws UsageError if that cannot
// be found out.
bool IsDirectory(const std::string& path);

// The first of the files that may be executed, or that is a directory; "" if
// none of them is there. Where only others are there, or it cannot be found
// out, throws UsageError with the reason of the first of these.
std::string FirstProgram(const std::vector<std::string>& paths);
std::string FirstDirectory(const std::vector<std::string>& paths);

// PATH, as seen from the directory of the program that runs. Throws UsageError
// if that is not known, as where there is no /proc: the working directory is
// not it.
std::string BesideProgram(const std::string& path);

// Why no file can be made in the directory: 0 if one can, or errno. A directory
// that is removed still allows it by its mode.
int NewFileError(const std::string& directory);

// False for a link to one. Throws UsageError if that cannot be found out.
bool IsRegularFile(const std::string& path);

// Throws UsageError if it is no directory, or if that cannot be found out.
// `option` is the option with this value.
void ExpectDirectory(const std::string& option, const std::string& path);

// The directory of the file: "." where the path names none.
std::string ParentOf(const std::string& path);

// What tells a file from all others while it is there: device and inode.
// Nothing if there is none, or it cannot be looked at. Follows links.
using Identity = std::pair<uint64_t, uint64_t>;
std::optional<Identity> IdentityOf(const std::string& path);

// The directories of files, as they are when it is made.
class Places {
 public:
  Places() = default;
  explicit Places(const std::vector<std::string>& files);

  // Whether the file is no longer in its directory, as a running fuzzer
  // replaces inputs by smaller ones. One that may not be read is there; and if
  // the directory has another name by now, nobody can say what is in it.
  bool HasLost(const std::string& file) const;

  // Throws UsageError if one of the directories has another name by now.
  void ExpectThere() const;

 private:
  std::map<std::string, std::optional<Identity>> directories_;
};

// Whether the open file is still the one of that name, and not a link to it.
// The file or its directory may have been moved, and replaced by another.
bool IsStill(int file, const std::string& path);

// Whether the error of renameat2() may be that the file system, or the system,
// has not the flag.
bool IsUnknownFlag(int error);

// Renames it, and replaces nothing. Returns 0 or errno: EEXIST if the name is
// taken. Where the file system has no such call, the name is looked at just
// before.
int RenameNew(const std::string& from, const std::string& to);

// Renames it, or a directory, to `stem` and `ending`, or with -2 and so on
// between these if that is taken: its content is not read, and its mode and
// owner stay. Returns the new name; "" for a directory that cannot be renamed,
// as one of an overlay's lower layer, which stays. Throws UsageError.
std::string SetAside(const std::string& path, const std::string& stem,
                     const std::string& ending);

// `path` is canonical.
bool IsMountPoint(const std::string& path);

// Throws UsageError if nothing may be replaced there: no name, the root, the
// working or the home directory or their parents, a mount point, an input or
// what is in it or around it. `option` is the option with this value: "-o".
void ExpectReplaceable(const std::string& option, const std::string& directory,
                       const std::vector<std::string>& inputs);

// Throws UsageError if `output`, the value of `option`, is one of `others`,
// whether they are there or not: the command writes these too. Not seen while
// neither is there: two names that the file system takes for one, as where
// upper and lower case are the same. So it is called again before writing.
void ExpectApart(const std::string& option, const std::string& output,
                 const std::vector<std::string>& others);

// Throws UsageError if `output`, the value of `option`, would be in the
// directory, the value of `whose`, in which the command keeps its own files.
void ExpectOutside(const std::string& option, const std::string& output,
                   const std::string& whose, const std::string& directory);

// The same for files as a walk through directories finds them: any of them may
// be a link, but no directory that the walk entered is. Looks at each directory
// once, and at no more files after a stop.
void ExpectOutside(const std::string& option,
                   const std::vector<std::string>& files,
                   const std::string& whose, const std::string& directory,
                   const std::atomic<bool>& stop);

// The name that a file has in the directory, whatever links lead to both; ""
// if it would be in another one.
std::string NameIn(const std::string& directory, const std::string& file);

// Throws UsageError if `output`, the value of `option`, is the file of `input`:
// inputs are kept.
void ExpectOtherFile(const std::string& option, const std::string& output,
                     const std::string& input);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_PLACE_H_
