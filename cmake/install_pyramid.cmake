# Installs the pyramid library for other projects, as the component "pyramid":
#   cmake --install BUILD --component pyramid --prefix DIR
# They find it by find_package(histoloom-pyramid) or by pkg-config's histoloom-pyramid; it is static,
# needs nothing of the program, and no libtorch.
include(CMakePackageConfigHelpers)

# Of core those headers alone that the library's own include, directly or through each other.
set(pending)
file(GLOB pyramid_headers CONFIGURE_DEPENDS pyramid/include/histoloom/pyramid/*.h)
list(APPEND pending ${pyramid_headers})
set(core_headers)
while(pending)
  list(POP_FRONT pending header)
  file(STRINGS ${header} includes REGEX "^#include \"histoloom/core/")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE ".*\"(.*)\".*" "${CMAKE_CURRENT_SOURCE_DIR}/include/\\1" path "${include}")
    if(NOT path IN_LIST core_headers)
      list(APPEND core_headers ${path})
      list(APPEND pending ${path})
    endif()
  endforeach()
endwhile()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${pyramid_headers} ${core_headers})

# Its headers are C++20.
target_compile_features(histoloom_pyramid PUBLIC cxx_std_20)
set_target_properties(histoloom_pyramid PROPERTIES EXPORT_NAME pyramid)
set_target_properties(histoloom_core PROPERTIES EXPORT_NAME core)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/histoloom-pyramid)
install(TARGETS histoloom_pyramid histoloom_core EXPORT histoloom-pyramid
        ARCHIVE COMPONENT pyramid
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${pyramid_headers} COMPONENT pyramid
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/histoloom/pyramid)
install(FILES ${core_headers} COMPONENT pyramid
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/histoloom/core)
install(EXPORT histoloom-pyramid NAMESPACE histoloom:: COMPONENT pyramid
        FILE histoloom-pyramid-targets.cmake DESTINATION ${package_folder})

# Before 1.0 a minor version may change an interface.
set(package ${CMAKE_CURRENT_BINARY_DIR}/package)
configure_package_config_file(cmake/histoloom-pyramid-config.cmake.in
  ${package}/histoloom-pyramid-config.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${package}/histoloom-pyramid-config-version.cmake
  COMPATIBILITY SameMinorVersion)
# Found from where the file lies, so that a prefix can be moved or given at installation.
file(RELATIVE_PATH prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" prefix_from_pc "${prefix_from_pc}")
configure_file(cmake/histoloom-pyramid.pc.in ${package}/histoloom-pyramid.pc @ONLY)
install(FILES ${package}/histoloom-pyramid-config.cmake
              ${package}/histoloom-pyramid-config-version.cmake
        COMPONENT pyramid DESTINATION ${package_folder})
install(FILES ${package}/histoloom-pyramid.pc
        COMPONENT pyramid DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(DIRECTORY examples/pyramid_library COMPONENT pyramid
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

# Where doxygen is installed: cmake --build BUILD --target docs
find_program(DOXYGEN doxygen)
mark_as_advanced(DOXYGEN)
if(DOXYGEN)
  list(JOIN pyramid_headers " " HISTOLOOM_DOCUMENTED_HEADERS)
  list(JOIN core_headers " " core)
  string(APPEND HISTOLOOM_DOCUMENTED_HEADERS " ${core}")
  configure_file(cmake/Doxyfile.in ${package}/Doxyfile @ONLY)
  add_custom_target(docs COMMAND ${DOXYGEN} ${package}/Doxyfile VERBATIM
                    COMMENT "Pages of the pyramid library: ${package}/html/index.html")
endif()
