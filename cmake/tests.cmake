# What the sources of all unit tests begin with is compiled once.
if(BUILD_TESTING AND VMTRUNC_COMMAND)
  file(WRITE ${PROJECT_BINARY_DIR}/test_headers.cc "// Headers alone.\n")
  add_library(vmtrunc_test_headers OBJECT ${PROJECT_BINARY_DIR}/test_headers.cc)
  target_link_libraries(vmtrunc_test_headers PRIVATE vmtrunc_flags
    absl::statusor absl::strings absl::str_format GTest::gtest)
  target_compile_options(vmtrunc_test_headers PRIVATE -O0)
  target_precompile_headers(vmtrunc_test_headers PRIVATE
    <absl/status/statusor.h> <absl/strings/str_cat.h>
    <absl/strings/str_format.h> <absl/strings/str_join.h>
    <absl/strings/str_split.h> <algorithm> <array> <fstream> <functional>
    <gtest/gtest.h> <map> <optional> <set> <span> <sstream> <string> <variant>
    <vector>)
endif()

# Two kinds of test: those that `ci/test` runs, and those with the label `long`,
# which take ten seconds or more, or look at what the machine allows, and which
# `ci/test --full` runs too (ctest -LE long leaves them out).

# vmtrunc_unit_test(NAME SOURCES files... LIBRARIES targets... [LONG filter]
#   [SANITIZED filter] [COMPUTES files...]): an
# executable of GoogleTest, each of its tests one of ctest's. LONG: these tests
# have that label. SANITIZED: which of
# them run under a sanitizer, but for `ci/test --all`. The others do the same on
# more kernels or larger problems, and take minutes there.
#
# -O0 in every preset: what a test calls is in the libraries, and a test's own
# source takes half of the time to compile (7.1 s of processor time and 3.3 s,
# own_directory_test.cc with -O3 and -O0). COMPUTES: but for these, whose own
# source would run ten times as long (states_test.cc).
function(vmtrunc_unit_test name)
  cmake_parse_arguments(arg "" "LONG;SANITIZED" "SOURCES;LIBRARIES;COMPUTES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gtest_main)
  # Fixtures of one file are of no other's business.
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  target_compile_options(${name} PRIVATE -O0)
  target_precompile_headers(${name} REUSE_FROM vmtrunc_test_headers)
  if(arg_COMPUTES)
    set_source_files_properties(${arg_COMPUTES} PROPERTIES
      COMPILE_OPTIONS -O1 SKIP_PRECOMPILE_HEADERS ON)
  endif()
  target_compile_definitions(${name} PRIVATE
    VMTRUNC_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(VMTRUNC_SANITIZE)
    # All of them in one process: a start takes 0.2 s of processor time, most of
    # it the kernel's, for the sanitizer's shadow.
    if(NOT arg_SANITIZED)
      set(arg_SANITIZED "*")
    endif()
    add_test(NAME ${name}
      COMMAND ${name} --gtest_brief=1 --gtest_filter=${arg_SANITIZED})
  else()
    if(arg_LONG)
      gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
        TEST_FILTER -${arg_LONG})
      gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
        TEST_FILTER ${arg_LONG} PROPERTIES LABELS long)
    else()
      gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60)
    endif()
  endif()
endfunction()

# vmtrunc_script_test(NAME [FAST_BUILDS] [LONG] [COST c] [TIMEOUT s]
#   COMMAND command...)
# A script that runs what was built. FAST_BUILDS: not under a sanitizer, where
# it would take minutes and say no more.
function(vmtrunc_script_test name)
  cmake_parse_arguments(arg "FAST_BUILDS;LONG" "COST;TIMEOUT" "COMMAND" ${ARGN})
  if(arg_FAST_BUILDS AND VMTRUNC_SANITIZE)
    return()
  endif()
  add_test(NAME ${name} COMMAND ${arg_COMMAND})
  if(arg_LONG)
    set_tests_properties(${name} PROPERTIES LABELS long)
  endif()
  if(arg_COST)
    set_tests_properties(${name} PROPERTIES COST ${arg_COST})
  endif()
  if(arg_TIMEOUT)
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
  endif()
endfunction()
