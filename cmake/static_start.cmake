# Programs of many short runs, linked statically: half of what a start costs is
# the dynamic linker's (docs/bench-bugs.md). Not with sanitizers, nor where the
# flags are the builder's. Included by CMakeLists.txt.
if(NOT VMTRUNC_SANITIZE AND NOT VMTRUNC_AFL AND NOT VMTRUNC_ABSL_SOURCE
    AND NOT CMAKE_POSITION_INDEPENDENT_CODE)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LINK_OPTIONS -static)
  check_cxx_source_compiles(
    "#include <iostream>\nint main() { std::cout << 1; }" VMTRUNC_LINKS_STATIC)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
endif()

# vmtrunc_link_static(TARGET [THROWS])
# THROWS: but for libc. In a program without a dynamic linker the first exception
# sorts the unwind tables of all functions, which takes longer than is saved.
function(vmtrunc_link_static target)
  if(VMTRUNC_LINKS_STATIC)
    if("THROWS" IN_LIST ARGN)
      target_link_options(${target} PRIVATE
        -no-pie -static-libstdc++ -static-libgcc)
    else()
      target_link_options(${target} PRIVATE -static)
    endif()
  endif()
endfunction()

# vmtrunc_link_engine(TARGET): with VMTRUNC_ENGINE, statically if it can be.
# -fsanitize=fuzzer links two more libraries, which look for libc's functions by
# dlsym(): a static program with them ends in a segmentation fault. Interceptors
# watch memcmp() and its like in code that is compiled for that; the coverage of
# 20,000 inputs is the same without, for two seeds, where libFuzzer mutates by
# itself. Of UBSan's runtime it takes what prints a stack: fuzz/stack.cc.
function(vmtrunc_link_engine target)
  if(VMTRUNC_LINKS_STATIC AND VMTRUNC_ENGINE STREQUAL "-fsanitize=fuzzer")
    execute_process(
      COMMAND ${CMAKE_CXX_COMPILER}
        -print-file-name=libclang_rt.fuzzer-${CMAKE_SYSTEM_PROCESSOR}.a
      OUTPUT_VARIABLE engine OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(IS_ABSOLUTE "${engine}")
      target_link_libraries(${target} PRIVATE
        "$<LINK_LIBRARY:WHOLE_ARCHIVE,${engine}>" absl::symbolize
        Threads::Threads)
      target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/stack.cc)
      vmtrunc_link_static(${target})
      return()
    endif()
  endif()
  target_link_libraries(${target} PRIVATE ${VMTRUNC_ENGINE})
endfunction()
