// What the name of an output leads to.
#ifndef VMTRUNC_BASE_TARGET_H_
#define VMTRUNC_BASE_TARGET_H_

#include <string>

namespace vmtrunc::base {

// A file, existing or new, after all links are followed; or a descriptor.
struct Target {
  std::string path;
  int descriptor = -1;  // of this process: it is used, and not opened again
  // The file system's own link to what is open: a descriptor of another
  // process, its program, one of its mappings. Its text need not name that:
  // the file may be deleted, in another mount namespace, or have no name.
  // `path` is the link, which is opened and never followed by its text.
  bool is_link_of_proc = false;
};

// /dev/stdout, /dev/fd/N and similar names mean descriptors: they must not be
// resolved to the open file, which we may not replace.
Target TargetOf(const std::string& name);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_TARGET_H_
