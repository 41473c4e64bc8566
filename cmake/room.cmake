# One CMake target a room. Every room gets an include root that holds its own headers only (a link
# in the build tree), so that including a room that is not linked does not compile.
set(HISTOLOOM_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
    -Wcast-qual -Wconversion -Wno-sign-conversion -Wdouble-promotion -Wformat=2)

# At -O3 GCC 12 sees overlaps in std::string's own operator+ (GCC bug 105651) and overflows in
# std::vector's own insert (one of its bug 88443).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND HISTOLOOM_WARNINGS -Wno-restrict -Wno-stringop-overflow)
endif()

# Torch's headers warn under our flags and its flags leak its own; take what is needed, as system.
add_library(histoloom_torch INTERFACE)
target_include_directories(histoloom_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(histoloom_torch INTERFACE ${TORCH_LIBRARIES})

function(histoloom_compile_options target)
  target_compile_options(${target} PRIVATE ${HISTOLOOM_WARNINGS})
  if(HISTOLOOM_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# The heavy torch headers, precompiled once and shared by every target that uses them.
function(histoloom_use_torch target)
  target_link_libraries(${target} PUBLIC histoloom_torch)
  if(target STREQUAL histoloom_model)
    target_precompile_headers(${target} PRIVATE <torch/torch.h>)
  else()
    target_precompile_headers(${target} REUSE_FROM histoloom_model)
  endif()
endfunction()

function(histoloom_room room)
  cmake_parse_arguments(R "" "DIRECTORY" "ROOMS;LINKS" ${ARGN})
  if(R_DIRECTORY)
    set(sources ${CMAKE_SOURCE_DIR}/${R_DIRECTORY}/src)
    set(headers ${CMAKE_SOURCE_DIR}/${R_DIRECTORY}/include/histoloom/${room})
  else()
    set(sources ${CMAKE_SOURCE_DIR}/src/${room})
    set(headers ${CMAKE_SOURCE_DIR}/include/histoloom/${room})
  endif()
  set(root ${CMAKE_BINARY_DIR}/rooms/${room})
  file(MAKE_DIRECTORY ${root}/histoloom)
  file(CREATE_LINK ${headers} ${root}/histoloom/${room} SYMBOLIC)

  # A room's sub-folders are one room still: they include each other's headers by name alone.
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${sources}/*.cpp ${sources}/*.h ${headers}/*.h)
  file(GLOB_RECURSE folders LIST_DIRECTORIES true CONFIGURE_DEPENDS ${sources}/*)
  list(FILTER folders EXCLUDE REGEX "/[^/]*\\.[^/]*$")
  list(PREPEND folders ${sources})
  set(target histoloom_${room})
  if(NOT files)
    add_library(${target} INTERFACE)
    return()
  endif()
  add_library(${target} STATIC ${files})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${root}> PRIVATE ${folders})
  set_property(TARGET ${target} PROPERTY HISTOLOOM_FOLDERS ${folders})  # for its tests
  histoloom_compile_options(${target})
  foreach(other ${R_ROOMS})
    target_link_libraries(${target} PUBLIC histoloom_${other})
  endforeach()
  list(FIND R_LINKS TORCH torch)
  list(REMOVE_ITEM R_LINKS TORCH)
  target_link_libraries(${target} PUBLIC ${R_LINKS} fmt::fmt)
  if(NOT torch EQUAL -1)
    histoloom_use_torch(${target})
  endif()
endfunction()
