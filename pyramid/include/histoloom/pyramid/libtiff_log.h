// What libtiff would print of files that it reads.
#pragma once

namespace histoloom::pyramid {

// Has libtiff print nothing from now on, in the whole process. Other libraries read TIFFs through it,
// too, and whoever calls them says in a message of its own what is wrong with a file.
void silence_libtiff();

}  // namespace histoloom::pyramid
