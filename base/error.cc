#include "base/error.h"

#include <cstring>

#include "base/shown.h"

namespace vmtrunc::base {

void FailPath(const std::string& path, int error) {
  throw UsageError{Shown(path) + ": " + std::strerror(error)};
}

}  // namespace vmtrunc::base
