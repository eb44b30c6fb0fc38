# find_package(vmtrunc): the targets vmtrunc::core and vmtrunc::search.
include(CMakeFindDependencyMacro)
find_dependency(absl)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/vmtruncTargets.cmake)
