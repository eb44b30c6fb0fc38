# What `cmake --install build/release --prefix P` puts where, and the packages.
# Two components: `runtime`, the command and what it needs; `development`, the
# libraries with their headers.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME runtime)
install(TARGETS vmtrunc)
# What vmtrunc fuzz and a campaign start.
if(VMTRUNC_FUZZ)
  install(TARGETS fuzz_truncate fuzz_compares
    RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/vmtrunc)
endif()
# ci/properties calls it; no command of its own to learn.
if(VMTRUNC_PROPERTIES)
  install(TARGETS properties
    RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/vmtrunc)
endif()
# Runs inputs without a fuzzing engine.
if(VMTRUNC_BENCH)
  install(TARGETS replay_truncate
    RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/vmtrunc)
endif()
install(DIRECTORY corpus DESTINATION ${CMAKE_INSTALL_DATADIR}/vmtrunc)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}
  PATTERN examples EXCLUDE)
install(FILES README.md CHANGELOG.md LICENSE cmake/copyright
  DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The command tells its own manual page and completion.
set(made ${PROJECT_BINARY_DIR}/share)
file(MAKE_DIRECTORY ${made})
add_custom_command(
  OUTPUT ${made}/vmtrunc.1.gz ${made}/vmtrunc ${made}/_vmtrunc
         ${made}/vmtrunc.fish ${made}/changelog.gz
         ${made}/fuzz_truncate.dict ${made}/fuzz_text.dict
  COMMAND ${PROJECT_SOURCE_DIR}/cmake/make_share $<TARGET_FILE:vmtrunc>
          ${PROJECT_SOURCE_DIR}/CHANGELOG.md $<TARGET_FILE:fuzz_dictionary>
  DEPENDS vmtrunc fuzz_dictionary cmake/make_share ${PROJECT_SOURCE_DIR}/CHANGELOG.md
  WORKING_DIRECTORY ${made} VERBATIM)
add_custom_target(vmtrunc_share ALL DEPENDS ${made}/vmtrunc.1.gz)
install(FILES ${made}/vmtrunc.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${made}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})
# For fuzz_truncate, and for a target of one's own that reads scripts.
install(FILES ${made}/fuzz_truncate.dict ${made}/fuzz_text.dict
  DESTINATION ${CMAKE_INSTALL_DATADIR}/vmtrunc/dictionaries)
install(FILES ${made}/vmtrunc
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${made}/_vmtrunc
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${made}/vmtrunc.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/vmtrunc)
target_compile_features(vmtrunc_core PUBLIC cxx_std_20)
# With what these two are linked from, where that is libraries of its own.
foreach(library core about generate space search mutate guided)
  if(TARGET vmtrunc_${library})
    set(exported ${library})
    if(library STREQUAL "guided")
      set(exported fuzz)  # what its users link: vmtrunc::fuzz
    endif()
    set_target_properties(vmtrunc_${library} PROPERTIES EXPORT_NAME ${exported})
    install(TARGETS vmtrunc_${library} EXPORT vmtrunc
      INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  endif()
endforeach()
install(EXPORT vmtrunc NAMESPACE vmtrunc:: FILE vmtruncTargets.cmake
  DESTINATION ${package})
write_basic_package_version_file(vmtruncConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES cmake/vmtruncConfig.cmake
  ${PROJECT_BINARY_DIR}/vmtruncConfigVersion.cmake DESTINATION ${package})
install(DIRECTORY docs/examples/own_invariant docs/examples/own_kernel
  docs/examples/own_property
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libvmtrunc-dev/examples)
install(FILES cmake/copyright
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libvmtrunc-dev)
install(FILES ${made}/changelog.gz
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libvmtrunc-dev)

# In the sources a header is "core/run/run.h". Installed it is "vmtrunc/core/run/run.h",
# also to other headers: with a directory `core` on the search path, a project
# that has one of its own would include the wrong file.
vmtrunc_files(headers base/random.h core/*.h core/*/*.h search/*.h
  fuzz/guided.h)
list(FILTER headers EXCLUDE REGEX "_test\\.h$|search/(covered|distill|exchange|prove_shared|set_cover)")
set(VMTRUNC_HEADERS ${headers})
configure_file(cmake/headers.cmake.in headers.cmake @ONLY)
install(SCRIPT ${PROJECT_BINARY_DIR}/headers.cmake COMPONENT development)

include(cmake/package.cmake)
