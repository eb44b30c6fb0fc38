# A target for each kernel, and one for all, that need no environment: for
# those who build, run and report by themselves (docs/oss-fuzz.md). Included by
# CMakeLists.txt; not part of `all`.
# By default those that nothing is known to break: of 6.18 what docs/findings.md
# tells of it is repaired.
set(VMTRUNC_KERNELS
  "3.0;6.18-repaired=6.18+found-page-is-rechecked-shmem-maps-past-size+around-size-first+around-size-again+mkwrite-checks-page+kept-folio-is-zeroed;repaired"
  CACHE STRING
  "KERNEL or NAME=KERNEL, with a fuzz target of its own: fuzz_truncate_NAME")

add_library(fuzz_truncate_object OBJECT EXCLUDE_FROM_ALL fuzz_truncate.cc)
target_link_libraries(fuzz_truncate_object PRIVATE vmtrunc_target)

# vmtrunc_target(NAME DEFINITION...): what fuzz/built_in.cc is compiled with.
function(vmtrunc_target target)
  add_executable(${target} EXCLUDE_FROM_ALL built_in.cc
    $<TARGET_OBJECTS:vmtrunc_covered> $<TARGET_OBJECTS:fuzz_truncate_object>)
  target_compile_definitions(${target} PRIVATE ${ARGN})
  target_link_libraries(${target} PRIVATE vmtrunc_target ${VMTRUNC_ENGINE})
  vmtrunc_beside(${target})
  add_dependencies(fuzz_kernels ${target})
endfunction()

add_custom_target(fuzz_kernels)
add_dependencies(fuzz_kernels fuzz_text)
foreach(kernel IN LISTS VMTRUNC_KERNELS)
  # A target's name has no dots: what follows one is taken for an extension.
  string(REGEX REPLACE "=.*" "" name "${kernel}")
  string(REGEX REPLACE ".*=" "" kernel "${kernel}")
  string(REGEX REPLACE "[^A-Za-z0-9]" "_" name "${name}")
  vmtrunc_target(fuzz_truncate_${name} VMTRUNC_BUILT_IN_KERNEL="${kernel}")
endforeach()
# Whatever kernel and rules the input asks for, broken or not: what stops it is
# a check of the model that fails, a sanitizer, or too much time.
vmtrunc_target(fuzz_truncate_any VMTRUNC_BUILT_IN_PROPERTY="none")

add_executable(fuzz_seeds EXCLUDE_FROM_ALL seeds_main.cc)
target_link_libraries(fuzz_seeds PRIVATE vmtrunc_core vmtrunc_base)
