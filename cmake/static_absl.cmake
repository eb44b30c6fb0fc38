# Links abseil from its archives, where the package has them beside its shared
# libraries. Those are thirty files to map at each start of the command, and the
# tests start it thousands of times: 25 ms of processor time for a start and not
# 42 (two cores of a virtual machine). Included by CMakeLists.txt.
get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
list(FILTER targets INCLUDE REGEX "^absl::")
foreach(target IN LISTS targets)
  get_target_property(configurations ${target} IMPORTED_CONFIGURATIONS)
  if(NOT configurations)
    continue()  # headers alone
  endif()
  foreach(configuration IN LISTS configurations)
    get_target_property(shared ${target} IMPORTED_LOCATION_${configuration})
    string(REGEX REPLACE "\\.so[.0-9]*$" ".a" archive "${shared}")
    if(EXISTS "${archive}")
      set_target_properties(${target} PROPERTIES
        IMPORTED_LOCATION_${configuration} "${archive}")
    endif()
  endforeach()
endforeach()
