// The only way to write a file.
//
// A file has the new content or the old, never a part: the content goes to a
// temporary file beside the target, under an unused name, which then replaces
// the target. Links are followed. An existing file keeps its mode, owner and
// group. If it cannot be replaced (it is a mount, has hard links, carries
// attributes, or is in a directory that we may not write), it is written in
// place, with a copy of the old content beside it meanwhile, and restored if
// that fails. Devices and pipes are written into. What another process has open
// (/proc/PID/fd/N) is written in place, whatever name it has.
#ifndef VMTRUNC_BASE_WRITE_H_
#define VMTRUNC_BASE_WRITE_H_

#include <functional>
#include <string>
#include <string_view>

namespace vmtrunc::base {

// A place to write to, tried before the work begins, which is then written
// whether or not standard output is read (OutliveReader()). No file that
// ReadFile() has read, be it before or after, and none that vmtrunc keeps for
// itself (IsBookkeeping()).
class OutputFile {
 public:
  // "-" is standard output, and so are /dev/stdout and similar names. Throws
  // UsageError if it cannot be written. Changes nothing.
  explicit OutputFile(std::string path);

  // Throws UsageError and then leaves the old content.
  void Write(const std::string& content) const;

 private:
  std::string path_;
};

// Whether the path means standard output: "-", /dev/stdout, /dev/fd/1, or a
// link to one.
bool IsStandardOutput(const std::string& path);

// The path of the file that is written: after all links, also to a file that is
// not there yet; but a link of /proc to what is open is not followed.
std::string WrittenPath(const std::string& path);

// Whether a command that is pasted later finds the same by this name: it is no
// pipe, no device, and no descriptor or other link of a process ("-",
// /dev/fd/N, /proc/PID/cwd), nor below one.
bool CanBeNamedLater(const std::string& path);

// Throws UsageError if `path`, the value of `option`, means standard output:
// for a command that prints its answer there.
void ExpectFile(const std::string& option, const std::string& path);

// Called when a file that was written in place is about to be restored.
inline std::function<void()> g_before_writing_back_for_test;

// Writes all of it at the file's position: a write may take a part, and only
// the next one returns the error. Returns 0 or errno.
int WriteAll(int file, std::string_view content);

// The same, then to disk if `durable`, and closes the file. Returns 0 or the
// first error, as errno.
int WriteAndFinish(int file, std::string_view content, bool durable);

// OutputFile and Write() in one call.
void WriteFile(const std::string& path, const std::string& content);

// The same for a file that the command wrote before: another name of it, as of
// a copy by links, keeps the old content.
void WriteOwn(const std::string& path, const std::string& content);

// Writes a new file, in a directory that no other process knows yet. It may be
// incomplete for a moment, and costs a third of WriteFile(). Throws UsageError,
// and may then leave a part.
void WriteNew(const std::string& path, const std::string& content);

// Whether it is the name of a temporary file of such a writer: what it leaves
// if it is killed.
bool NamesTemporary(std::string_view file_name);

// As WriteFile(), and on disk when it returns, including its name.
void WriteDurable(const std::string& path, const std::string& content);

// Flushes the names in the directory to disk. Throws UsageError.
void SyncDirectory(const std::string& directory);

// Flushes that file system to disk: many files, one wait. Throws UsageError.
void SyncFileSystem(const std::string& directory);

// Writes under a name that a command chose itself, and replaces no earlier
// result: STEM.EXTENSION or, if that is taken, STEM-2.EXTENSION and so on.
// Returns the path; a file that already has this content counts. Throws
// UsageError.
std::string WriteUnused(const std::string& stem, const std::string& extension,
                        const std::string& content);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_WRITE_H_
