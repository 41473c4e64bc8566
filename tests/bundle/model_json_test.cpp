// model.json as text: what is refused before it is looked into, and sums that are none.
#include <gtest/gtest.h>

#include "histoloom/bundle/bundle.h"
#include "networks/test_model.h"

namespace histoloom {
namespace {

TEST(ModelJson, AKeyThatStandsTwiceInAnObjectIsRefused) {
  const ScratchDirectory scratch;
  const std::string whole = small_model_json().dump();
  const auto refusal = [&](std::string_view before, std::string_view added) {
    std::string text = whole;
    text.insert(text.find(before), added);
    write_bytes(scratch / "model.json", text);
    return message_of([&] { ModelBundle::read(scratch.path()); });
  };
  const std::string file = (scratch / "model.json").string();
  EXPECT_EQ(refusal("\"patch\"", "\"batch\":4,"), file + ": 'batch' stands in an object twice");
  EXPECT_EQ(refusal("\"weights\"", "\"weights\":\"other\","),
            file + ": 'weights' stands in an object twice");
  EXPECT_EQ(refusal("\"fine_width\"", "\"fine_width\":8,"),
            file + ": 'fine_width' stands in an object twice");
  EXPECT_EQ(refusal("\"patch\"", "\"more\":" + std::string(32, '[') + std::string(32, ']') + ","),
            file + ": an object is nested more than 32 deep");
  write_bytes(scratch / "model.json", whole);
  write_latent_statistics(scratch.path(), "", {{0, 0, 0, 0}, {1, 1, 1, 1}, {}});
  EXPECT_EQ(message_of([&] { ModelBundle::read(scratch.path()); }), "");
}

TEST(ModelJson, ASumIs64DigitsOfLowerCase) {
  const ScratchDirectory scratch;
  const auto refusal = [&](const char* member, const nlohmann::ordered_json& value) {
    nlohmann::ordered_json json = small_model_json();
    json[nlohmann::ordered_json::json_pointer(member)] = value;
    write_bytes(scratch / "model.json", json.dump());
    return message_of([&] { ModelBundle::read(scratch.path()); });
  };
  const std::string file = (scratch / "model.json").string();
  const std::string must = "' must be a SHA-256, 64 digits of 0 to 9 and a to f, got ";
  EXPECT_EQ(refusal("/denoiser/sha256", 7), file + ": 'denoiser.sha256" + must + "7");
  EXPECT_EQ(refusal("/autoencoder/sha256", "abc"),
            file + ": 'autoencoder.sha256" + must + "\"abc\"");
  const std::string capitals(64, 'A');
  EXPECT_EQ(refusal("/denoiser/autoencoder_sha256", capitals),
            file + ": 'denoiser.autoencoder_sha256" + must + "\"" + capitals + "\"");
  EXPECT_EQ(refusal("/denoiser/sha256", std::string(64, 'a')), "");
  EXPECT_EQ(refusal("/denoiser/sha256", nullptr), "") << "not stated";
}

}  // namespace
}  // namespace histoloom
