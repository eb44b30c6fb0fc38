#include "base/error.h"

#include <cstring>

#include "base/shown.h"

namespace vmtrunc::base {

void FailPath(const std::string& path, int error) {
  throw UsageError{Shown(path) + ": " + std::strerror(error)};
}

void FailExchanged(const std::string& directory) {
  throw UsageError{Shown(directory) +
                   ": is no longer the directory that this command began in"};
}

}  // namespace vmtrunc::base
