# One CMake target a room, and one for each of its parts. Every room gets an include root that
# holds its own headers only (a link in the build tree), so that including a room that is not
# linked does not compile. PRIVATE_LINKS are imported libraries that only the room itself may
# include; what links the room is linked with them.
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

# In one file with others, an unnamed namespace is no longer of the main file (and warned of).
if(HISTOLOOM_UNITY)
  list(APPEND HISTOLOOM_WARNINGS -Wno-subobject-linkage)
endif()

function(histoloom_compile_options target)
  target_compile_options(${target} PRIVATE ${HISTOLOOM_WARNINGS})
  if(HISTOLOOM_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# One file for the compiler in place of `target`'s many, if the build is a unity build: headers are
# read once a target.
function(histoloom_unity target)
  if(HISTOLOOM_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  endif()
endfunction()

# A room's sub-folder that is a library of its own, since a program links it that doesn't link the
# room, or since it is optimised otherwise. It may include what the room may (SEES) and links less
# (ROOMS, PARTS); headers of the room's other parts are its own.
function(histoloom_part room folder)
  cmake_parse_arguments(P "" "" "ROOMS;PARTS;SEES;LINKS" ${ARGN})
  set(target histoloom_${room}_${folder})
  set(folders ${CMAKE_SOURCE_DIR}/src/${room}/${folder})
  file(GLOB files CONFIGURE_DEPENDS ${folders}/*.cpp ${folders}/*.h)
  add_library(${target} STATIC ${files})
  set_target_properties(${target} PROPERTIES HISTOLOOM_PART ON HISTOLOOM_FOLDERS "${folders}")
  target_include_directories(${target} PRIVATE ${folders})
  foreach(other ${room} ${P_SEES})
    target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/rooms/${other})
  endforeach()
  histoloom_compile_options(${target})
  histoloom_unity(${target})
  foreach(other ${P_ROOMS} ${P_PARTS})
    target_link_libraries(${target} PUBLIC histoloom_${other})
  endforeach()
  foreach(part ${P_PARTS})
    if(part MATCHES "^${room}_")
      target_include_directories(${target} PRIVATE
                                 $<TARGET_PROPERTY:histoloom_${part},HISTOLOOM_FOLDERS>)
    endif()
  endforeach()
  target_link_libraries(${target} PUBLIC ${P_LINKS} fmt::fmt)
endfunction()

function(histoloom_room room)
  cmake_parse_arguments(R "" "DIRECTORY" "ROOMS;PARTS;LINKS;PRIVATE_LINKS" ${ARGN})
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
  foreach(part ${R_PARTS})
    list(FILTER files EXCLUDE REGEX "^${sources}/${part}/.*\\.cpp$")
  endforeach()
  set(target histoloom_${room})
  add_library(${target} STATIC ${files})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${root}> PRIVATE ${folders})
  set_property(TARGET ${target} PROPERTY HISTOLOOM_FOLDERS ${folders})  # for its tests
  histoloom_compile_options(${target})
  histoloom_unity(${target})
  foreach(other ${R_ROOMS})
    target_link_libraries(${target} PUBLIC histoloom_${other})
  endforeach()
  foreach(part ${R_PARTS})
    target_link_libraries(${target} PUBLIC histoloom_${room}_${part})
  endforeach()
  target_link_libraries(${target} PUBLIC ${R_LINKS} fmt::fmt PRIVATE ${R_PRIVATE_LINKS})
endfunction()

# Compiles `rooms`, or parts of them, as a part of `target` at an optimisation `level`, in place of
# libraries of their own. The compiler reads the headers that they share once, but no longer keeps
# one room's from another: the builds with HISTOLOOM_UNITY=ROOMS or OFF do.
function(histoloom_merge target level)
  foreach(room ${ARGN})
    get_target_property(files histoloom_${room} SOURCES)
    target_sources(${target} PRIVATE ${files})
    get_target_property(links histoloom_${room} LINK_LIBRARIES)
    if(histoloom_torch IN_LIST links)
      target_link_libraries(${target} PRIVATE histoloom_torch)
    endif()
    list(FILTER links EXCLUDE REGEX "^histoloom_")
    target_link_libraries(${target} PRIVATE ${links})
    get_target_property(folders histoloom_${room} HISTOLOOM_FOLDERS)
    target_include_directories(${target} PRIVATE ${folders})
    set_target_properties(histoloom_${room} PROPERTIES EXCLUDE_FROM_ALL ON)
  endforeach()
  file(GLOB roots ${CMAKE_BINARY_DIR}/rooms/*)
  target_include_directories(${target} PRIVATE ${roots})
  target_link_libraries(${target} PRIVATE histoloom_pyramid fmt::fmt)
  histoloom_compile_options(${target})
  histoloom_unity(${target})
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-${level}>)
endfunction()
