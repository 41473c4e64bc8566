#include "jpeg_encoder.h"

#include <jpeglib.h>

#include <array>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it first
#include <string>

#include "histoloom/core/error.h"

namespace histoloom::pyramid {

// libjpeg reports errors by a callback that must not return; it jumps back into the two functions
// below that call it, which hold no objects with destructors.
struct JpegEncoder::State {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_destination_mgr destination{};
  std::jmp_buf jump{};
  std::array<char, JMSG_LENGTH_MAX> message{};
  std::vector<std::uint8_t>* out = nullptr;

  static State& of(j_common_ptr info) { return *static_cast<State*>(info->client_data); }
  static State& of(j_compress_ptr info) { return *static_cast<State*>(info->client_data); }

  [[noreturn]] static void on_error(j_common_ptr info) {
    State& state = of(info);
    info->err->format_message(info, state.message.data());
    std::longjmp(state.jump, 1);
  }
  static void on_message(j_common_ptr) {}

  // The vector's whole size is libjpeg's buffer; it grows by doubling and is cut at the end.
  static void on_start(j_compress_ptr info) {
    auto& bytes = *of(info).out;
    if (bytes.size() < 4096) bytes.resize(4096);
    info->dest->next_output_byte = bytes.data();
    info->dest->free_in_buffer = bytes.size();
  }
  static boolean on_full(j_compress_ptr info) {
    auto& bytes = *of(info).out;
    const std::size_t used = bytes.size();
    bytes.resize(2 * used);
    info->dest->next_output_byte = bytes.data() + used;
    info->dest->free_in_buffer = bytes.size() - used;
    return TRUE;
  }
  static void on_end(j_compress_ptr info) {
    auto& bytes = *of(info).out;
    bytes.resize(bytes.size() - info->dest->free_in_buffer);
  }

  bool set_up(int channels, int quality, bool subsampled);
  bool encode(const std::vector<const std::uint8_t*>& rows, std::int64_t width);
  bool write_tables();
};

bool JpegEncoder::State::set_up(int channels, int quality, bool subsampled) {
  info.err = jpeg_std_error(&errors);
  errors.error_exit = on_error;
  errors.output_message = on_message;
  info.client_data = this;
  if (setjmp(jump) != 0) return false;
  jpeg_create_compress(&info);
  destination.init_destination = on_start;
  destination.empty_output_buffer = on_full;
  destination.term_destination = on_end;
  info.dest = &destination;
  info.input_components = channels;
  info.in_color_space = channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  info.write_JFIF_header = FALSE;
  info.write_Adobe_marker = FALSE;
  if (channels == 3) {
    info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = subsampled ? 2 : 1;
  }
  return true;
}

bool JpegEncoder::State::encode(const std::vector<const std::uint8_t*>& rows, std::int64_t width) {
  if (setjmp(jump) != 0) return false;
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(rows.size());
  jpeg_suppress_tables(&info, TRUE);
  jpeg_start_compress(&info, FALSE);
  while (info.next_scanline < info.image_height) {
    // libjpeg's rows are not const, but it only reads them.
    auto* first = const_cast<JSAMPROW*>(rows.data() + info.next_scanline);  // NOLINT
    jpeg_write_scanlines(&info, first, info.image_height - info.next_scanline);
  }
  jpeg_finish_compress(&info);
  return true;
}

bool JpegEncoder::State::write_tables() {
  if (setjmp(jump) != 0) return false;
  jpeg_suppress_tables(&info, FALSE);
  jpeg_write_tables(&info);
  return true;
}

JpegEncoder::JpegEncoder(int channels, int quality, bool subsampled)
    : state_(std::make_unique<State>()) {
  check_internal(state_->set_up(channels, quality, subsampled), state_->message.data());
}

JpegEncoder::~JpegEncoder() { jpeg_destroy_compress(&state_->info); }

void JpegEncoder::encode(const std::vector<const std::uint8_t*>& rows, std::int64_t width,
                         std::vector<std::uint8_t>& out) {
  state_->out = &out;
  check_internal(state_->encode(rows, width), state_->message.data());
}

std::vector<std::uint8_t> JpegEncoder::tables() {
  std::vector<std::uint8_t> out;
  state_->out = &out;
  check_internal(state_->write_tables(), state_->message.data());
  return out;
}

}  // namespace histoloom::pyramid
