// A slide's first directory, written again so that it tells of the change.
#pragma once

#include "edit_output.h"
#include "histoloom/pyramid/tile_editor.h"

namespace histoloom::pyramid {

// Appends a copy of the first directory, `first` in the slide, with another ImageDescription and
// XMP, and leads the header there. All its other values, the lists of tiles and SubIFDs among them,
// stay where they lie; the old directory stays as bytes that nothing leads to.
void mark_edited(EditOutput& output, const TiffImage& first, const EditMark& mark);

// What the description becomes: with the note, or as it was where it is XML or JSON.
std::string edited_description(const std::string& description, const std::string& note);
// What the XMP becomes: with the source type added to its RDF, or a packet of our own where there
// is none; as it was where it says that the slide is synthetic, or partly, already.
std::string edited_xmp(const std::string& xmp, const EditMark& mark);

}  // namespace histoloom::pyramid
