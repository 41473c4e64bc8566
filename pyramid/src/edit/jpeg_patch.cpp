#include "jpeg_patch.h"

#include <fmt/format.h>
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it first
#include <cstdlib>
#include <utility>

#include "histoloom/core/error.h"

namespace histoloom::pyramid {

// libjpeg reports errors by a callback that must not return; it jumps back into the functions below
// that call setjmp, which hold no objects with destructors.
struct JpegPatcher::State {
  jpeg_decompress_struct old{}, fresh{};  // the stream as it was; the new pixels, encoded
  jpeg_compress_struct out{};
  jpeg_error_mgr errors{};
  std::jmp_buf jump{};
  std::array<char, JMSG_LENGTH_MAX> message{};
  unsigned char* buffer = nullptr;  // libjpeg's own, of malloc
  unsigned long size = 0;

  State();
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[noreturn]] static void on_error(j_common_ptr info) {
    State& state = *static_cast<State*>(info->client_data);
    info->err->format_message(info, state.message.data());
    std::longjmp(state.jump, 1);
  }

  // Each false where libjpeg gave up, with its words in `message`.
  bool read(jpeg_decompress_struct& info, const std::vector<std::uint8_t>& tables,
            const std::vector<std::uint8_t>& stream, bool rgb, jvirt_barray_ptr** coefficients);
  bool encode(const std::vector<JSAMPROW>& rows);
  bool transplant(jvirt_barray_ptr* to, jvirt_barray_ptr* from,
                  const std::vector<std::uint8_t>& changed, std::size_t mcus_across);
  bool write(jvirt_barray_ptr* coefficients);

  void start_output();
  std::vector<std::uint8_t> take_output();
};

JpegPatcher::State::State() {
  jpeg_std_error(&errors);
  errors.error_exit = on_error;
  errors.output_message = [](j_common_ptr) {};
  old.err = fresh.err = out.err = &errors;
  // The create functions wipe all but `err` and `client_data`.
  old.client_data = fresh.client_data = out.client_data = this;
  jpeg_create_decompress(&old);
  jpeg_create_decompress(&fresh);
  jpeg_create_compress(&out);
}

JpegPatcher::State::~State() {
  jpeg_destroy_decompress(&old);
  jpeg_destroy_decompress(&fresh);
  jpeg_destroy_compress(&out);
  std::free(buffer);
}

bool JpegPatcher::State::read(jpeg_decompress_struct& info, const std::vector<std::uint8_t>& tables,
                              const std::vector<std::uint8_t>& stream, bool rgb,
                              jvirt_barray_ptr** coefficients) {
  if (setjmp(jump) != 0) return false;
  if (!tables.empty()) {
    jpeg_mem_src(&info, tables.data(), tables.size());
    jpeg_read_header(&info, FALSE);
  }
  jpeg_mem_src(&info, stream.data(), stream.size());
  jpeg_read_header(&info, TRUE);
  info.jpeg_color_space = rgb ? JCS_RGB : JCS_YCbCr;
  *coefficients = jpeg_read_coefficients(&info);
  return true;
}

// Empties the output, which libjpeg then allocates.
void JpegPatcher::State::start_output() {
  std::free(std::exchange(buffer, nullptr));
  size = 0;
  jpeg_mem_dest(&out, &buffer, &size);
}

std::vector<std::uint8_t> JpegPatcher::State::take_output() { return {buffer, buffer + size}; }

bool JpegPatcher::State::encode(const std::vector<JSAMPROW>& rows) {
  if (setjmp(jump) != 0) return false;
  start_output();
  jpeg_copy_critical_parameters(&old, &out);
  out.in_color_space = JCS_RGB;
  out.input_components = 3;
  jpeg_start_compress(&out, TRUE);
  while (out.next_scanline < out.image_height)
    jpeg_write_scanlines(&out, const_cast<JSAMPARRAY>(rows.data()) + out.next_scanline,  // NOLINT
                         out.image_height - out.next_scanline);
  jpeg_finish_compress(&out);
  return true;
}

bool JpegPatcher::State::transplant(jvirt_barray_ptr* to, jvirt_barray_ptr* from,
                                    const std::vector<std::uint8_t>& changed,
                                    std::size_t mcus_across) {
  if (setjmp(jump) != 0) return false;
  for (int c = 0; c < old.num_components; ++c) {
    const jpeg_component_info& component = old.comp_info[c];
    const auto across = static_cast<JDIMENSION>(component.h_samp_factor);
    const auto down = static_cast<JDIMENSION>(component.v_samp_factor);
    for (JDIMENSION y = 0; y < component.height_in_blocks; ++y) {
      JBLOCKROW target =
          old.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&old), to[c], y, 1, TRUE)[0];
      const JBLOCKROW source = fresh.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&fresh),
                                                             from[c], y, 1, FALSE)[0];
      for (JDIMENSION x = 0; x < component.width_in_blocks; ++x)
        if (changed[y / down * mcus_across + x / across] != 0)
          std::copy_n(source[x], DCTSIZE2, target[x]);
    }
  }
  return true;
}

bool JpegPatcher::State::write(jvirt_barray_ptr* coefficients) {
  if (setjmp(jump) != 0) return false;
  start_output();
  jpeg_copy_critical_parameters(&old, &out);
  // What says how to read the colours stays as it was: readers of TIFF go by Photometric, too.
  out.write_JFIF_header = old.saw_JFIF_marker;
  out.write_Adobe_marker = old.saw_Adobe_marker;
  jpeg_write_coefficients(&out, coefficients);
  jpeg_finish_compress(&out);
  return true;
}

namespace {

// The encoder divides by the factors, and takes those alone that divide the largest.
void require_sampling(const jpeg_decompress_struct& stream) {
  for (int c = 0; c < stream.num_components; ++c) {
    const int x = stream.comp_info[c].h_samp_factor, y = stream.comp_info[c].v_samp_factor;
    if (x < 1 || y < 1 || stream.max_h_samp_factor % x != 0 || stream.max_v_samp_factor % y != 0)
      throw UserError(
          fmt::format("its JPEG stream states sampling factors of {}x{} of at most {}x{}", x, y,
                      stream.max_h_samp_factor, stream.max_v_samp_factor),
          ErrorCode::damaged_file);
  }
}

// The encoder divides by the steps, too, and takes tables that the decoder has not met as they are.
void require_quantisation(const jpeg_decompress_struct& stream) {
  for (int c = 0; c < stream.num_components; ++c) {
    const int number = stream.comp_info[c].quant_tbl_no;
    const JQUANT_TBL* table =
        number >= 0 && number < NUM_QUANT_TBLS ? stream.quant_tbl_ptrs[number] : nullptr;
    if (table == nullptr ||
        std::any_of(table->quantval, table->quantval + DCTSIZE2, [](UINT16 q) { return q == 0; }))
      throw UserError("its JPEG stream states a step of quantisation of 0, or none",
                      ErrorCode::damaged_file);
  }
}

}  // namespace

JpegPatcher::JpegPatcher(std::vector<std::uint8_t> tables, bool rgb)
    : state_(std::make_unique<State>()), tables_(std::move(tables)), rgb_(rgb) {}

JpegPatcher::~JpegPatcher() = default;

std::vector<std::uint8_t> JpegPatcher::patch(const std::vector<std::uint8_t>& stream,
                                             const Block& pixels, const Changed& changed) {
  // After an error libjpeg's objects are in an unknown state; begin with new ones each time.
  state_ = std::make_unique<State>();
  State& s = *state_;
  const auto require = [&](bool done) {
    if (!done)
      throw UserError(fmt::format("its JPEG stream is damaged ({})", s.message.data()),
                      ErrorCode::damaged_file);
  };
  jvirt_barray_ptr *old = nullptr, *fresh = nullptr;
  require(s.read(s.old, tables_, stream, rgb_, &old));
  if (s.old.num_components != 3 || s.old.image_width != pixels.width ||
      s.old.image_height != pixels.height)
    throw UserError(fmt::format("its JPEG stream has {} components of {}x{} px, not 3 of {}x{}",
                                s.old.num_components, s.old.image_width, s.old.image_height,
                                pixels.width, pixels.height),
                    ErrorCode::damaged_file);

  require_sampling(s.old);
  require_quantisation(s.old);

  std::vector<JSAMPROW> rows;
  for (std::int64_t y = 0; y < pixels.height; ++y)
    rows.push_back(const_cast<JSAMPROW>(pixels.row(y)));  // NOLINT: libjpeg only reads them
  require(s.encode(rows));
  const std::vector<std::uint8_t> encoded = s.take_output();
  require(s.read(s.fresh, {}, encoded, rgb_, &fresh));

  const std::int64_t width = s.old.max_h_samp_factor * DCTSIZE;
  const std::int64_t height = s.old.max_v_samp_factor * DCTSIZE;
  std::vector<std::uint8_t> mcus;
  for (std::int64_t y = 0; y < pixels.height; y += height)
    for (std::int64_t x = 0; x < pixels.width; x += width)
      mcus.push_back(changed({x, y, x + width, y + height}) ? 1 : 0);
  const auto across = static_cast<std::size_t>(divide_up(pixels.width, width));
  require(s.transplant(old, fresh, mcus, across));
  require(s.write(old));
  return s.take_output();
}

}  // namespace histoloom::pyramid
