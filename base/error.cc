#include "base/error.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/shown.h"

namespace vmtrunc::base {

void FailPath(const std::string& path, int error) {
  throw UsageError{Shown(path) + ": " + std::strerror(error)};
}

void FailExchanged(const std::string& directory) {
  // What a lost connection leaves of a name may be a copy in the kernel; to
  // open it is to ask the file system.
  const int now = ::open(directory.c_str(),
                         O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  const int error = now < 0 ? errno : 0;
  if (now >= 0) ::close(now);
  // These three: another has the name, or nothing. The next three say nothing
  // of the directory.
  constexpr std::array kNoAnswer = {ENOENT, ENOTDIR, ELOOP,
                                    EACCES, EMFILE,  ENFILE};
  if (error != 0 &&
      std::find(kNoAnswer.begin(), kNoAnswer.end(), error) == kNoAnswer.end())
    FailPath(directory, error);
  throw UsageError{Shown(directory) +
                   ": is no longer the directory that this command began in"};
}

}  // namespace vmtrunc::base
