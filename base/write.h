// The one way to write a file.
//
// Whole, or as it was: what is written goes to a temporary file beside its
// target, under a name that nobody has, and then takes the target's place.
// Links are followed. A file that is there keeps its mode, owner and group.
// Where its place cannot be taken (it is a mount, has other names, carries
// attributes, or stands in a directory that is not ours to write), it is
// written where it is, and written back if that fails. Devices and pipes are
// written into.
#ifndef VMTRUNC_BASE_WRITE_H_
#define VMTRUNC_BASE_WRITE_H_

#include <string>

namespace vmtrunc::base {

// A place to write to, tried before the work whose result it is for.
class OutputFile {
 public:
  // "-" is standard output, as are /dev/stdout and its like. Throws UsageError
  // when it cannot be written. Changes nothing.
  explicit OutputFile(std::string path);

  // Throws UsageError, and then what was there is as it was.
  void Write(const std::string& content) const;

 private:
  std::string path_;
};

// All of it, from where the open file stands: a write may take a part, and only
// the next one says why. Returns 0 or errno.
int WriteAll(int file, const std::string& content);

// The same at once, as of OutputFile.
void WriteFile(const std::string& path, const std::string& content);

// A file that is not there, in a directory that nobody else knows of yet: it
// may be there by half for a moment, and costs a third of WriteFile(). Throws
// UsageError, and then half of it may be left.
void WriteNew(const std::string& path, const std::string& content);

// As WriteFile(), and on disk when it returns: also under its name.
void WriteDurable(const std::string& path, const std::string& content);

// What has been written under its name is on disk under it. Throws UsageError.
void SyncDirectory(const std::string& directory);

// What has been written in that file system is on disk: many files, one wait.
// Throws UsageError.
void SyncFileSystem(const std::string& directory);

// Under a name that a command chose by itself no earlier result is replaced:
// writes STEM.EXTENSION or, where that is another's, STEM-2.EXTENSION and so
// on. Returns the path; that of a file which has the same content already is
// as good. Throws UsageError.
std::string WriteUnused(const std::string& stem, const std::string& extension,
                        const std::string& content);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_WRITE_H_
