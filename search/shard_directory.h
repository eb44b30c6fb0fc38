// The directory that a shard writes in. It stays this one: what gets its name
// meanwhile, a link to another one too, is not written in.
#ifndef VMTRUNC_SEARCH_SHARD_DIRECTORY_H_
#define VMTRUNC_SEARCH_SHARD_DIRECTORY_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace vmtrunc::search {

// Names are of files in it. All functions throw UsageError.
class ShardDirectory {
 public:
  // Opens the directory, which is no link.
  explicit ShardDirectory(const std::string& path);
  ~ShardDirectory();
  ShardDirectory(const ShardDirectory&) = delete;
  ShardDirectory& operator=(const ShardDirectory&) = delete;

  // A new file, to be written and closed by the caller; an old one of that name
  // is removed.
  int Make(const std::string& name) const;
  // A file to append to and to read, made if it is not there. A link, or a file
  // with other names, is refused.
  int Append(const std::string& name) const;
  void Rename(const std::string& from, const std::string& to) const;
  // It need not be there.
  void Remove(const std::string& name) const;
  // A whole file, on disk with its name when this returns. One that is there is
  // replaced; a link, or a file with other names, is refused.
  void WriteDurable(const std::string& name, std::string_view content) const;
  // The first `most` bytes of a file; nothing only if there is no such file.
  std::optional<std::string> Read(const std::string& name, size_t most) const;
  // Flushes the names to disk.
  void Sync() const;

 private:
  std::string PathOf(const std::string& name) const;
  void ExpectOneName(const std::string& name) const;

  const std::string path_;
  int file_ = -1;
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SHARD_DIRECTORY_H_
