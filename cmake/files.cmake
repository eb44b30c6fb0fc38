# vmtrunc_files(VARIABLE patterns...): the files of the sources, relative to them.
# The checkout's own name is no pattern: of one in `x[1]`, file(GLOB) finds nothing
# and says nothing.
function(vmtrunc_files variable)
  string(REGEX REPLACE "([[*?])" "[\\1]" root "${PROJECT_SOURCE_DIR}")
  set(files "")
  foreach(pattern IN LISTS ARGN)
    file(GLOB found RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS "${root}/${pattern}")
    if(NOT found)
      message(FATAL_ERROR "${PROJECT_SOURCE_DIR}: expected ${pattern} in it")
    endif()
    list(APPEND files ${found})
  endforeach()
  set(${variable} "${files}" PARENT_SCOPE)
endfunction()
