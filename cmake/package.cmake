# `cpack -G DEB` in a build folder makes one .deb of program, model, library and documents;
# tools/check_package tries it on a bare Debian.
install(FILES cmake/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PACKAGE_NAME histoloom)
set(CPACK_PACKAGE_VENDOR Histoloom)
# A name that no mail reaches (RFC 2606): the package is nobody's in person.
set(CPACK_PACKAGE_CONTACT "Histoloom maintainers <maintainers@histoloom.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "writes synthetic whole-slide images of stained tissue")
set(CPACK_PACKAGE_DESCRIPTION
"Histoloom paints H&E slides of any size on a CPU, with their label masks and
annotations, and writes them as pyramids that QuPath and other slide viewers
open. No patient stands behind them.

The package holds the program, its default model, and the pyramid library
with its headers, a static library that writes and checks pyramidal TIFFs.")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_CURRENT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# libtorch runs with any BLAS, and 13 times slower with another one.
set(CPACK_DEBIAN_PACKAGE_DEPENDS libopenblas0-openmp)
# What the library is linked with.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "g++, pkg-config, libtiff-dev, libjpeg62-turbo-dev, zlib1g-dev, \
libtbb-dev, libfmt-dev, libglib2.0-dev")
include(CPack)
