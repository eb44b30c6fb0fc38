# The target and the mutator for AFL++. Included by CMakeLists.txt.
#
# Debian's afl-clang-fast is clang 14, which rejects some C++20. Its pass is
# not needed: clang's own trace-pc-guard calls what AFL++'s runtime defines.
set(AFL_PLACES $ENV{AFL_PATH} /usr/lib/afl /usr/local/lib/afl)
find_file(AFL_RUNTIME afl-compiler-rt.o PATHS ${AFL_PLACES} REQUIRED)
find_file(AFL_DRIVER libAFLDriver.a PATHS ${AFL_PLACES} REQUIRED)

add_executable(fuzz_truncate fuzz_truncate.cc afl_main.cc
  ../core/run/machine_checked.cc)
set_source_files_properties(../core/run/machine_checked.cc PROPERTIES
  COMPILE_OPTIONS "-fsanitize-coverage=trace-pc-guard;-O2")
target_link_libraries(fuzz_truncate PRIVATE vmtrunc_target ${AFL_DRIVER}
  ${AFL_RUNTIME})

# What it takes from vmtrunc_mutate is not instrumented: the mutator does not
# run the part of the model that the target is watched in.
add_library(afl_mutator MODULE afl_mutator.cc)
target_link_libraries(afl_mutator PRIVATE vmtrunc_mutate)
target_link_options(afl_mutator PRIVATE -Wl,--no-undefined
  -Wl,--exclude-libs,ALL)
set_target_properties(afl_mutator PROPERTIES CXX_VISIBILITY_PRESET hidden
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
