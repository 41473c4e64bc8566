// The arrays of a job that goes on.
#include "latent_buffer.h"

#include <gtest/gtest.h>

#include "support/scratch.h"

namespace histoloom {
namespace {

constexpr LatentBufferShape kShape{3, {20, 30}, StoreType::float16};
const std::string kNoJob;

TEST(LatentBuffers, AreMadeAndFoundAgain) {
  const ScratchDirectory scratch;
  ChunkCache cache(1 << 20);
  const auto path = scratch / "0";
  std::vector<float> values(3 * 20 * 30, 0.5f);
  {
    LatentArray made = latent_buffer_at(path, kNoJob, /*resumed=*/false, kShape, cache);
    made.write(LatentRect::of(kShape.size), values.data());
    made.commit();
  }
  const LatentArray found = latent_buffer_at(path, kNoJob, /*resumed=*/true, kShape, cache);
  found.read({19, 29, 20, 30}, values.data() + 5);
  EXPECT_EQ(values[5], 0.5f);
}

TEST(LatentBuffers, OfAnotherShapeAreRefused) {
  const ScratchDirectory scratch;
  ChunkCache cache(1 << 20);
  const auto path = scratch / "0";
  { latent_buffer_at(path, kNoJob, /*resumed=*/false, kShape, cache); }
  const auto refusal = [&](const LatentBufferShape& shape) {
    return message_of([&] { latent_buffer_at(path, kNoJob, /*resumed=*/true, shape, cache); });
  };
  const auto refused = [&](const char* belongs) {
    return path.string() + ": is damaged: has 3 channels of 20x30 cells in float16 where " +
           belongs + " belong; start over with --force and without --resume";
  };
  EXPECT_EQ(refusal(kShape), "");
  EXPECT_EQ(refusal({4, {20, 30}, StoreType::float16}),
            refused("4 channels of 20x30 cells in float16"));
  EXPECT_EQ(refusal({3, {21, 30}, StoreType::float16}),
            refused("3 channels of 21x30 cells in float16"));
  EXPECT_EQ(refusal({3, {20, 30}, StoreType::float32}),
            refused("3 channels of 20x30 cells in float32"));
}

TEST(LatentBuffers, OfAnotherJobOrPlaceAreRefused) {
  const ScratchDirectory scratch;
  ChunkCache cache(1 << 20);
  for (const char* canvas : {"latents", "mask"})
    std::filesystem::create_directory(scratch / canvas);
  const auto path = scratch / "latents/0";
  const auto refusal = [&](const std::filesystem::path& at, const std::string& job) {
    return message_of([&] { latent_buffer_at(at, job, /*resumed=*/true, kShape, cache); });
  };
  const auto refused = [](const std::filesystem::path& at) {
    return (at / ".checksums.json").string() +
           ": is of another job, or of another array; start over with --force and without --resume";
  };
  { latent_buffer_at(path, "3f5a", /*resumed=*/false, kShape, cache); }
  EXPECT_EQ(refusal(path, "3f5a"), "");
  EXPECT_EQ(refusal(path, "3f5b"), refused(path)) << "the same canvas with another seed";
  EXPECT_EQ(refusal(path, kNoJob), refused(path));
  for (const char* other : {"latents/1", "mask/0"}) {
    std::filesystem::copy(path, scratch / other, std::filesystem::copy_options::recursive);
    EXPECT_EQ(refusal(scratch / other, "3f5a"), refused(scratch / other));
  }
}

}  // namespace
}  // namespace histoloom
