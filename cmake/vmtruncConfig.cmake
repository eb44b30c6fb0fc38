# find_package(vmtrunc): the targets vmtrunc::core, vmtrunc::search and
# vmtrunc::fuzz.
include(CMakeFindDependencyMacro)
find_dependency(absl)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/vmtruncTargets.cmake)
