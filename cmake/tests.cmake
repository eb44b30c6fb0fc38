# vmtrunc_unit_test(NAME SOURCES files... LIBRARIES targets... [FILTER filter]): an
# executable of GoogleTest, each of its tests one of ctest's.
function(vmtrunc_unit_test name)
  cmake_parse_arguments(arg "" "FILTER" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gtest_main)
  # Fixtures of one file are of no other's business.
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  target_precompile_headers(${name} PRIVATE <gtest/gtest.h>)
  target_compile_definitions(${name} PRIVATE
    VMTRUNC_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set(options "")
  if(arg_FILTER)
    list(APPEND options TEST_FILTER "${arg_FILTER}")
  endif()
  gtest_discover_tests(${name} ${options} DISCOVERY_TIMEOUT 60)
endfunction()

# vmtrunc_script_test(NAME [FAST_BUILDS] [COST c] [TIMEOUT s] COMMAND command...)
# A script that runs what was built. FAST_BUILDS: not under a sanitizer, where
# it would take minutes and say no more.
function(vmtrunc_script_test name)
  cmake_parse_arguments(arg "FAST_BUILDS" "COST;TIMEOUT" "COMMAND" ${ARGN})
  if(arg_FAST_BUILDS AND VMTRUNC_SANITIZE)
    return()
  endif()
  add_test(NAME ${name} COMMAND ${arg_COMMAND})
  if(arg_COST)
    set_tests_properties(${name} PROPERTIES COST ${arg_COST})
  endif()
  if(arg_TIMEOUT)
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
  endif()
endfunction()
