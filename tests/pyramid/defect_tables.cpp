#include "defect_tables.h"

#include <gtest/gtest.h>

namespace histoloom::pyramid::test {
namespace {

constexpr auto kError = Severity::error;
constexpr auto kWarning = Severity::warning;

// A description of an svs with one key exchanged.
std::string exchanged(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::function<void(Chain&)> description(const std::string& from, const std::string& to) {
  return [=](Chain& c) { c[0].set_text(270, exchanged(c[0].text(270), from, to)); };
}

std::function<void(Chain&)> text_at(std::uint16_t tag, const std::string& text) {
  return [=](Chain& c) { c[0].set_text(tag, text); };
}

// Gives all samples of a directory as many bits.
void set_bits(TiffEditor::Directory& d, std::uint8_t bits) {
  auto& value = d.find(258).value;
  for (std::size_t i = 0; i < value.size(); i += 2) value[i] = bits;
}

}  // namespace

std::vector<Defect> tag_defects() {
  return {
      {"width_type", kGeneric, [](Chain& c) { c[1].find(256).type = 9; }, kError,
       "directory 1: ImageWidth has type SLONG, SHORT or LONG is expected"},
      {"xmp_type", kGeneric, [](Chain& c) { c[0].find(700).type = 2; }, kError,
       "directory 0: XMP has type ASCII, BYTE or UNDEFINED is expected"},
      {"order", kGeneric, [](Chain& c) { std::swap(c[0].find(282), c[0].find(283)); }, kError,
       "directory 0: XResolution is out of order; tags must ascend"},
      {"twice", kGeneric, [](Chain& c) { c[0].entries.push_back(c[0].entries.back()); }, kError,
       "directory 0: ICC profile is given twice"},
      {"no_height", kGeneric, [](Chain& c) { c[2].remove(257); }, kError,
       "directory 2: ImageWidth or ImageLength is 0 or absent"},
      {"no_photometric", kGeneric, [](Chain& c) { c[1].remove(262); }, kError,
       "directory 1: PhotometricInterpretation is absent"},
      {"one_bit_depth", kGeneric, [](Chain& c) { c[1].set_short(258, 8); }, kError,
       "directory 1: BitsPerSample has 1 values for 3 samples"},
      {"deep", kGeneric, [](Chain& c) { set_bits(c[1], 16); }, kWarning,
       "directory 1: 16 bits a sample; slide viewers expect 8"},
      {"planes", kGeneric, [](Chain& c) { c[1].set_short(284, 2); }, kWarning,
       "directory 1: colour planes are stored apart; ASAP refuses it"},
  };
}

std::vector<Defect> tile_defects() {
  return {
      {"missing_tile", kGeneric, [](Chain& c) { c[0].set_item(325, 3, 0); }, kError,
       "directory 0: 1 of 108 tiles are missing (offset or size is 0); OpenSlide up to 4.0 and "
       "libvips fail there"},
      {"missing_offset", kSvs, [](Chain& c) { c[0].set_item(324, 0, 0); }, kError,
       "directory 0: 1 of 108 tiles are missing (offset or size is 0); OpenSlide up to 4.0 and "
       "libvips fail there"},
      {"outside", kSvs, [](Chain& c) { c[0].set_item(324, 1, 0x7FFFFFFF); }, kError,
       "directory 0: 1 of 108 tiles lie past the end of the file; it is truncated"},
      {"small_outside", kGeneric, [](Chain& c) { c[4].set_item(324, 0, 0x7FFFFFFF); }, kError,
       "directory 4: 1 of 1 tiles lie past the end of the file; it is truncated"},
      {"short_array", kGeneric, [](Chain& c) { c[1].find(324).count = 20; }, kError,
       "directory 1: lists 20 offsets and 30 sizes, but has 30 tiles"},
      {"tile_side", kGeneric, [](Chain& c) { c[4].set_long(322, 100); }, kError,
       "directory 4: tiles of 100x128 px; the sides must be multiples of 16"},
      {"jpeg_size", kGeneric, [](Chain& c) { c[4].set_long(322, 256); }, kError,
       "directory 4: tiles are 256x128 px, but its JPEG is 128x128"},
      {"not_jpeg", kGeneric, [](Chain& c) { c[4].set_item(324, 0, c[4].item(324, 0) + 3); }, kError,
       "directory 4: Compression is 7 (JPEG), but tile 0 is no JPEG stream"},
      {"rgb_claim", kGeneric, [](Chain& c) { c[1].set_short(262, 2); }, kError,
       "directory 1: PhotometricInterpretation says RGB, but its JPEG has subsampled chroma"},
      {"components", kGeneric, [](Chain& c) { c[1].set_short(277, 1); }, kError,
       "directory 1: SamplesPerPixel is 1, but its JPEG has 3 components"},
      {"chroma", kGeneric,
       [](Chain& c) {
         c[1].set_long(530, 0x00010001), c[1].find(530).type = 3, c[1].find(530).count = 2;
       },
       kWarning, "directory 1: YCbCrSubSampling is 1x1, but its JPEG has 2x2"},
      {"codec", kGeneric, [](Chain& c) { c[1].set_short(259, 34712); }, kError,
       "directory 1: compression 34712 is one that libtiff doesn't decode"},
      {"old_jpeg", kSvs, [](Chain& c) { c[5].set_short(259, 6); }, kWarning,
       "directory 5: compression 6 (old JPEG) is read by few; use 7"},
  };
}

std::vector<Defect> level_defects() {
  return {
      {"medscan", kGeneric, [](Chain& c) { c[0].set_text(305, "MedScan 2"); }, kError,
       "OpenSlide takes the file for a Trestle slide, since Software starts with \"MedScan\""},
      {"hamamatsu", kGeneric, [](Chain& c) { c[0].set_long(65420, 1); }, kError,
       "OpenSlide takes the file for a Hamamatsu slide, since tag 65420 is present"},
      {"leica", kGeneric,
       text_at(270, "<scn xmlns=\"http://www.leica-microsystems.com/scn/2010/10/01\"/>"), kError,
       "OpenSlide takes the file for a Leica slide, since ImageDescription holds Leica XML"},
      {"philips", kGeneric,
       [](Chain& c) {
         c[0].set_text(305, "Philips DP v1.0");
         c[0].set_text(270, "<?xml version=\"1.0\"?><DataObject ObjectType=\"DPUfsImport\"/>");
       },
       kError,
       "OpenSlide takes the file for a Philips slide, since Software starts with \"Philips\" and "
       "ImageDescription holds XML"},
      {"ventana", kGeneric,
       [](Chain& c) {
         c[0].set_text(700, "<iScan/>");
         c[0].find(700).type = 1;
       },
       kError, "OpenSlide takes the file for a Ventana slide, since XMP holds \"iScan\""},
      {"huron", kGeneric, [](Chain& c) { c[0].set_text(271, "Huron"); }, kError,
       "OpenSlide 4 takes the file for a Huron slide, since Make starts with \"Huron\""},
      {"argos", kGeneric, [](Chain& c) { c[0].set_text(65000, "<Argos/>"); }, kError,
       "OpenSlide 4 takes the file for a Argos slide, since tag 65000 holds Argos XML"},
      {"swapped", kSvs, [](Chain& c) { std::swap(c[2], c[3]); }, kError,
       "directory 3 (750x550) is not smaller than the level before (375x275)"},
      {"same_size", kGeneric, [](Chain& c) { c.insert(c.begin() + 1, c[1]); }, kError,
       "directory 2 (750x550) is not smaller than the level before (750x550)"},
      {"factor", kGeneric, [](Chain& c) { c[1].set_long(256, 700); }, kWarning,
       "directory 1 (700x550) is not 1500x1100 shrunk by a whole number"},
      {"strips_first", kSvs, [](Chain& c) { std::swap(c[0], c[1]); }, kError,
       "the first directory is not tiled; OpenSlide refuses it"},
      {"no_scale", kGeneric, [](Chain& c) { c[0].remove(282), c[0].remove(283); }, kWarning,
       "no microns per pixel in the resolution tags; ASAP and cuCIM take them from there"},
      {"zero_scale", kGeneric, [](Chain& c) { c[0].set_rational(282, 0, 1); }, kWarning,
       "no microns per pixel in the resolution tags; ASAP and cuCIM take them from there"},
      {"inch", kGeneric, [](Chain& c) { c[0].set_short(296, 2); }, kWarning,
       "ResolutionUnit is inch; ASAP takes it for centimetre and shows a wrong mpp"},
      {"millimetres", kGeneric,
       [](Chain& c) { c[0].set_rational(282, 10, 1), c[0].set_rational(283, 10, 1); }, kWarning,
       "1000 microns per pixel are no microscope's; libvips writes 1000 where none is known"},
      {"oblong", kGeneric, [](Chain& c) { c[0].set_rational(283, 40000, 1); }, kWarning,
       "pixels are not square (0.5 and 0.25 microns); svs holds one value only"},
      {"two_scales", kSvs,
       [](Chain& c) { c[0].set_rational(282, 40000, 1), c[0].set_rational(283, 40000, 1); },
       kWarning, "MPP says 0.5, the resolution tags say 0.25 microns per pixel"},
  };
}

std::vector<Defect> generic_defects() {
  return {
      {"xml", kGeneric, [](Chain& c) { c[0].set_text(270, "<xml>"); }, kWarning,
       "ImageDescription holds \"xml\"; ASAP's own reader refuses it"},
      {"unflagged", kGeneric, [](Chain& c) { c[1].set_long(254, 0); }, kError,
       "directory 1 is tiled, but its NewSubfileType is 0, not 1; OpenSlide sees no level there"},
      {"flagged_base", kGeneric, [](Chain& c) { c[0].set_long(254, 1); }, kError,
       "directory 0 has NewSubfileType 1, not 0; cuCIM refuses it"},
      {"thumbnail", kSvs,
       [](Chain& c) {
         c[0].set_text(270, "words");
         for (auto& d : c) d.set_long(254, 1);
         c[0].set_long(254, 0);
       },
       kWarning,
       "directory 1 is not tiled; cuCIM takes it for a level, ASAP misreads what follows it"},
      {"dicom", kGeneric, text_at(270, "DICOM"), kWarning,
       "ImageDescription holds \"DICOM\"; ASAP's own reader refuses it"},
      {"subifds", kOme, [](Chain& c) { c[0].set_text(270, "words"), c.resize(1); }, kWarning,
       "all reduced levels are SubIFDs; OpenSlide sees one level"},
  };
}

std::vector<Defect> svs_defects() {
  return {
      {"not_image", kSvs, description("Aperio Image Library v12.0.0 ", "Aperio thing"), kWarning,
       "ImageDescription should start with \"Aperio Image\" for Bio-Formats, got \"Aperio thing\""},
      {"float_power", kSvs, description("AppMag = 20", "AppMag = 40.000000"), kWarning,
       "AppMag must be an integer for OpenSlide 3.4.1, got 40.000000"},
      {"word_mpp", kSvs, description("MPP = 0.5", "MPP = half"), kError,
       "MPP is no number: \"half\""},
      {"comma_mpp", kSvs, description("MPP = 0.5", "MPP = 0,5"), kWarning,
       "MPP has a decimal comma: \"0,5\"; OpenSlide and Bio-Formats read it, others don't"},
      {"no_mpp", kSvs, description("|MPP = 0.5", ""), kWarning, "ImageDescription has no MPP"},
      {"no_power", kSvs, description("|AppMag = 20", ""), kWarning,
       "ImageDescription has no AppMag"},
      {"no_equals", kSvs, description("|Filename = slide", "|Filename"), kWarning,
       "ImageDescription holds \"|Filename\" without \"=\", which OpenSlide 3.4.1 doesn't expect"},
      {"reduced", kSvs, [](Chain& c) { c[2].set_long(254, 1); }, kError,
       "directory 2 is a level, but its NewSubfileType is 1, not 0; tifffile ends the pyramid "
       "there"},
      {"no_thumbnail", kSvs, [](Chain& c) { c.erase(c.begin() + 1); }, kError,
       "directory 1 is tiled; tifffile takes it for the thumbnail and loses the level"},
      {"undescribed", kSvs, [](Chain& c) { c[3].remove(270); }, kError,
       "directory 3 is a level without ImageDescription; Bio-Formats takes it for the label"},
      {"tiled_macro", kSvs, [](Chain& c) { c[5].set_long(254, 9); }, kError,
       "directory 5 is label or macro, but tiled; OpenSlide takes it for a level"},
      {"unnamed_label", kSvs, [](Chain& c) { c[6].set_text(270, "Aperio\nthing 1x1"); }, kWarning,
       "directory 6 is label by its NewSubfileType, but not by its description, which OpenSlide "
       "3.4.1 goes by"},
      {"unnamed_macro", kSvs, [](Chain& c) { c[7].set_text(270, "Aperio\nthing 1x1"); }, kWarning,
       "directory 7 is macro by its NewSubfileType, but not by its description, which OpenSlide "
       "3.4.1 goes by"},
      {"plain_label", kSvs, [](Chain& c) { c[6].set_long(254, 0); }, kWarning,
       "directory 6 is label by its description, but not by its NewSubfileType, which OpenSlide 4 "
       "goes by"},
      {"deflate_label", kSvs, [](Chain& c) { c[6].set_short(259, 8); }, kWarning,
       "directory 6 is neither JPEG nor LZW; cuCIM doesn't show it"},
      {"depth", kSvs, [](Chain& c) { c[3].set_long(32997, 3); }, kError,
       "directory 3 has ImageDepth 3; OpenSlide refuses the file"},
  };
}

std::vector<Defect> ome_defects() {
  return {
      {"ome_end", kOme, description("</OME>", "</OME><!-- a comment -->"), kError,
       "the OME-XML doesn't end with \"OME>\"; tifffile doesn't see it"},
      {"ome_empty", kOme, [](Chain& c) { c[0].set_text(270, "<OME xmlns=\"x\"></OME>"); }, kError,
       "the OME-XML names no image"},
      {"ome_ifd", kOme, description("IFD=\"9\"", "IFD=\"17\""), kError,
       "the OME-XML names IFD 17, but the file has 10"},
      {"ome_size", kOme, description("SizeX=\"1500\"", "SizeX=\"1501\""), kError,
       "the OME-XML says 1501x1100 px, directory 0 has 1500x1100"},
      {"ome_scale", kOme, description("PhysicalSizeX=", "SizeInPixels="), kWarning,
       "the OME-XML has no PhysicalSizeX in a unit of length"},
      {"ome_subfile", kOme, [](Chain& c) { c[0].children[1].set_long(254, 0); }, kWarning,
       "SubIFD 1 has NewSubfileType 0, not 1"},
      {"ome_order", kOme, [](Chain& c) { std::swap(c[0].children[0], c[0].children[1]); }, kError,
       "SubIFD 1 (750x550) is not smaller than the level before (375x275)"},
      {"ome_child", kOme, [](Chain& c) { c[0].children[0].set_item(325, 2, 0); }, kError,
       "SubIFD 0 of directory 0: 1 of 30 tiles are missing (offset or size is 0); OpenSlide up to "
       "4.0 and libvips fail there"},
  };
}

}  // namespace histoloom::pyramid::test
