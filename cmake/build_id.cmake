# Writes the source of BuildId(): cmake -DSOURCE=DIR -DOUT=FILE -DFILES=A,B -P.
# The names are relative to SOURCE, and no other name goes into the hash: it is
# the same in every checkout, build and source package.
string(REPLACE "," ";" files "${FILES}")
list(SORT files)
set(hashes "")
foreach(file IN LISTS files)
  file(SHA256 "${SOURCE}/${file}" hash)
  string(APPEND hashes "${file} ${hash}\n")
endforeach()
string(SHA256 id "${hashes}")
string(SUBSTRING "${id}" 0 16 id)
file(WRITE "${OUT}" "// Written by cmake/build_id.cmake.
#include \"core/build_id.h\"

namespace vmtrunc {

const char* BuildId() { return \"${id}\"; }

}  // namespace vmtrunc
")
