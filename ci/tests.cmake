# The tests, in every preset; those of the command where it is built. Included
# by CMakeLists.txt.
find_package(GTest REQUIRED)
include(GoogleTest)

add_executable(vmtrunc_test core/differences_test.cc core/flips_test.cc core/kernel_file_test.cc core/mixed_test.cc core/prio_tree_test.cc
  core/rule_set_test.cc core/rules_test.cc fuzz/aware_test.cc fuzz/weave_test.cc fuzz/check_text_test.cc fuzz/dictionary_test.cc fuzz/mutate_bytes_test.cc
  core/run_test.cc core/script_test.cc core/states_test.cc fuzz/prove_test.cc fuzz/reduction_test.cc fuzz/self_check_test.cc fuzz/shard_test.cc
  fuzz/shrink_test.cc)
target_link_libraries(vmtrunc_test PRIVATE vmtrunc_search GTest::gtest_main)
# One number for all builds: a build that computes another state fails.
target_compile_definitions(vmtrunc_test PRIVATE
  VMTRUNC_GOLDEN_HASH=0x5f4ee75c9a6b4bd4u
  VMTRUNC_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_precompile_headers(vmtrunc_test PRIVATE <gtest/gtest.h>)
set_target_properties(vmtrunc_test PROPERTIES UNITY_BUILD OFF)
# What takes minutes under a sanitizer, and is of the same code as the rest.
if(VMTRUNC_SANITIZE)
  set(long_search TEST_FILTER "-SelfCheck.*")
  set(long_outcomes TEST_FILTER "-Outcomes.OfRandomScripts*")
endif()
gtest_discover_tests(vmtrunc_test ${long_search})
add_executable(live_unit_test live/sequence_test.cc)
target_link_libraries(live_unit_test PRIVATE vmtrunc_live GTest::gtest_main)
gtest_discover_tests(live_unit_test)
add_executable(base_test base/limits_test.cc base/own_directory_test.cc
  base/sha1_test.cc base/shown_test.cc
  base/write_test.cc)
target_link_libraries(base_test PRIVATE vmtrunc_base GTest::gtest_main)
gtest_discover_tests(base_test)
add_executable(kernel_beside_test cli/kernel_beside.cc
  cli/kernel_beside_test.cc)
target_link_libraries(kernel_beside_test PRIVATE vmtrunc_base vmtrunc_core
  GTest::gtest_main)
gtest_discover_tests(kernel_beside_test)
add_executable(distill_test fuzz/distill_test.cc)
target_link_libraries(distill_test PRIVATE vmtrunc_distill GTest::gtest_main)
gtest_discover_tests(distill_test)
add_executable(explain_test explain/explain_test.cc explain/outcome_test.cc)
target_link_libraries(explain_test PRIVATE vmtrunc_explain GTest::gtest_main)
target_compile_definitions(explain_test PRIVATE
  VMTRUNC_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
gtest_discover_tests(explain_test ${long_outcomes})
add_executable(campaign_parts_test campaign/findings_test.cc
  campaign/log_test.cc campaign/schedule_test.cc)
target_link_libraries(campaign_parts_test PRIVATE vmtrunc_campaign
  GTest::gtest_main)
target_compile_definitions(campaign_parts_test PRIVATE
  VMTRUNC_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
gtest_discover_tests(campaign_parts_test)
add_test(NAME corpus
  COMMAND vmtrunc check ${PROJECT_SOURCE_DIR}/corpus)
if(NOT VMTRUNC_SANITIZE)  # thousands of runs; the corpus test has them once
  add_test(NAME corpus_replay
    COMMAND ${PROJECT_SOURCE_DIR}/cli/corpus_test $<TARGET_FILE:vmtrunc>
            ${PROJECT_SOURCE_DIR})
endif()
add_test(NAME cli
  COMMAND ${PROJECT_SOURCE_DIR}/cli/cli_test $<TARGET_FILE:vmtrunc>
          ${PROJECT_SOURCE_DIR})
if(VMTRUNC_PROPERTIES)
  add_test(NAME kernel_files
    COMMAND ${PROJECT_SOURCE_DIR}/cli/kernel_file_test $<TARGET_FILE:vmtrunc>
            $<TARGET_FILE:properties> ${PROJECT_SOURCE_DIR})
endif()
add_test(NAME writes
  COMMAND /usr/bin/python3 ${PROJECT_SOURCE_DIR}/base/writes_test
          ${PROJECT_SOURCE_DIR})
if(NOT VMTRUNC_SANITIZE)  # dozens of distillations, and ends within a second
  add_test(NAME distill_files
    COMMAND ${PROJECT_SOURCE_DIR}/cli/distill_files_test $<TARGET_FILE:vmtrunc>
            ${PROJECT_SOURCE_DIR})
  set_tests_properties(distill_files PROPERTIES TIMEOUT 600)
endif()
if(VMTRUNC_SANITIZE)  # where each run of the command is slow
  set_tests_properties(cli PROPERTIES ENVIRONMENT VMTRUNC_QUICK=1)
endif()
if(NOT VMTRUNC_SANITIZE)  # some two hundred searches
  add_test(NAME prove_shard
    COMMAND ${PROJECT_SOURCE_DIR}/cli/prove_shard_test $<TARGET_FILE:vmtrunc>
            ${PROJECT_SOURCE_DIR})
endif()
if(NOT VMTRUNC_SANITIZE)  # in address spaces that a sanitizer does not fit in
  add_test(NAME prove_limits
    COMMAND ${PROJECT_SOURCE_DIR}/cli/prove_test $<TARGET_FILE:vmtrunc>
            ${PROJECT_SOURCE_DIR})
  set_tests_properties(prove_limits PROPERTIES TIMEOUT 900 COST 90)
endif()
add_test(NAME cluster_manifests
  COMMAND ${PROJECT_SOURCE_DIR}/ci/cluster/manifests_test
          $<TARGET_FILE:vmtrunc> ${PROJECT_SOURCE_DIR})
if(NOT VMTRUNC_SANITIZE)  # what it writes is compiled and run by itself
  add_test(NAME export
    COMMAND ${PROJECT_SOURCE_DIR}/cli/export_test $<TARGET_FILE:vmtrunc>
            ${PROJECT_SOURCE_DIR})
endif()
if(NOT VMTRUNC_SANITIZE)  # forks from threads, in a bounded address space
  add_test(NAME live_threads
    COMMAND ${PROJECT_SOURCE_DIR}/live/live_test $<TARGET_FILE:vmtrunc>)
  set_tests_properties(live_threads PROPERTIES TIMEOUT 300)
endif()
if(VMTRUNC_PROPERTIES)
  add_executable(properties_test properties/gen_test.cc
    properties/properties_test.cc)
  target_link_libraries(properties_test PRIVATE vmtrunc_properties vmtrunc_search
    GTest::gtest_main)
  target_compile_definitions(properties_test PRIVATE
    VMTRUNC_GENERATOR_HASH=0x6407c95ed845ab2fu
    VMTRUNC_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  gtest_discover_tests(properties_test DISCOVERY_TIMEOUT 60)
  add_test(NAME properties
    COMMAND ${PROJECT_SOURCE_DIR}/properties/command_test
            $<TARGET_FILE:properties> $<TARGET_FILE:vmtrunc>)
endif()

if(VMTRUNC_PROPERTIES)
  add_test(NAME cases
    COMMAND ${PROJECT_SOURCE_DIR}/ci/cases_test $<TARGET_FILE:vmtrunc>
            $<TARGET_FILE:properties> ${PROJECT_SOURCE_DIR})
  if(NOT VMTRUNC_SANITIZE)  # the same files, whatever the build
    add_test(NAME hostile
      COMMAND ${PROJECT_SOURCE_DIR}/base/hostile_test $<TARGET_FILE:vmtrunc>
              $<TARGET_FILE:properties> ${PROJECT_SOURCE_DIR})
    set_tests_properties(hostile PROPERTIES TIMEOUT 600 COST 95)
  endif()
endif()

# First, so that others run beside it: it takes longest, and by itself.
set_tests_properties(cli PROPERTIES COST 100)

if(NOT VMTRUNC_BENCH)
  return()
endif()
# Random search finds HB-15 by itself (seed 5 is a lucky one).
add_test(NAME move_search COMMAND move_search 5)
set_tests_properties(move_search PROPERTIES
  PASS_REGULAR_EXPRESSION "# script 28253 of seed 5")

foreach(engine random pct)
  add_test(NAME random_search_${engine}
    COMMAND random_search --bug HB-36a --engine ${engine} --seed 1)
  set_tests_properties(random_search_${engine} PROPERTIES
    PASS_REGULAR_EXPRESSION "\"found\": 1")
endforeach()

# Terminals, and names that are only bytes.
add_test(NAME terminal
  COMMAND ${PROJECT_SOURCE_DIR}/cli/terminal_test.py $<TARGET_FILE:vmtrunc>
          ${PROJECT_SOURCE_DIR})

# The page that explains, in a browser. Debian's Python has the driver's module,
# whatever other Python comes first.
find_program(CHROMIUM chromium)
find_program(CHROMEDRIVER chromedriver)
if(CHROMIUM AND CHROMEDRIVER)
  add_test(NAME explain_page
    COMMAND /usr/bin/python3 ${PROJECT_SOURCE_DIR}/explain/page_test.py
            $<TARGET_FILE:vmtrunc>
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endif()

# What is installed and packaged. One build alone: that of releases.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_test(NAME install
    COMMAND ${PROJECT_SOURCE_DIR}/ci/install_test ${PROJECT_BINARY_DIR})
  set_tests_properties(install PROPERTIES TIMEOUT 300 COST 90)
endif()

# What --json prints is what docs/schemas/ says. Debian's Python, as above.
if(VMTRUNC_PROPERTIES)
  add_test(NAME json
    COMMAND /usr/bin/python3 ${PROJECT_SOURCE_DIR}/cli/json_test.py
            $<TARGET_FILE:vmtrunc> $<TARGET_FILE:properties>
            ${PROJECT_SOURCE_DIR})
endif()

# Another model checker finds as short a way to the bug of 2004. Optimized
# builds alone: it is two million states.
find_program(SPIN spin)
if(SPIN AND CMAKE_BUILD_TYPE STREQUAL "Release")
  add_test(NAME beside_spin
    COMMAND python3 ${PROJECT_SOURCE_DIR}/bench/beside_spin.py
            $<TARGET_FILE:vmtrunc> 1 check)
endif()
