# cpack -G DEB: two packages, vmtrunc and libvmtrunc-dev.
set(CPACK_PACKAGE_NAME vmtrunc)
set(CPACK_PACKAGE_CONTACT
  "vmtrunc maintainers <maintainers@vmtrunc.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
  "find pages that stay mapped past the end of a file")
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME vmtrunc)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
# Nothing links the solver (search/CMakeLists.txt): no tool finds it.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS coinor-libcbc3)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION
"Linux unmaps the truncated part of a file from every process while it keeps
dropping the lock it walks under. vmtrunc models that code, kernel by kernel,
and finds the interleavings that leave a page mapped past the end of a file:
by fuzzing, by exhaustive search and beside the running kernel.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libvmtrunc-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
# The libraries are static: their users link what they need.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libabsl-dev, libstdc++-12-dev")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS vmtrunc)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
"The model of vmtrunc and its search, for kernels and properties of one's own:
static libraries, headers and a CMake package.")

set(CPACK_SOURCE_GENERATOR TGZ)
set(CPACK_SOURCE_PACKAGE_FILE_NAME vmtrunc-${PROJECT_VERSION})
set(CPACK_SOURCE_IGNORE_FILES
  "${PROJECT_SOURCE_DIR}/(build|[^/]*-out[^/]*)/" "/\\\\.git(/|$)")
include(CPack)
