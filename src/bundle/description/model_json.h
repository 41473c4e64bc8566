// The text of a bundle's model.json, and changes to it.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace histoloom {

// The bytes of DIR/model.json. UserError if there is none, or as read_file().
std::string read_model_json(const std::filesystem::path& directory);

// The JSON of a model.json that lies, or is to lie, in `directory`. UserError names the file, and a
// key that stands twice in one object.
nlohmann::ordered_json parse_model_json(const std::string& text,
                                        const std::filesystem::path& directory);

// Has `edit` change what DIR/model.json says and replaces the file where it did. One process at a
// time: trainings of two networks of a bundle would else undo each other's changes. UserError names
// the path and the cause.
void edit_model_json(const std::filesystem::path& directory,
                     const std::function<void(nlohmann::ordered_json&)>& edit);

// The entry of a coarser stage; the root if `stage` is empty.
nlohmann::ordered_json& stage_entry(nlohmann::ordered_json& root, const std::string& stage);

// The entry of a network by its key, "denoiser" or "stages.coarse.denoiser".
nlohmann::ordered_json& network_entry(nlohmann::ordered_json& root, const std::string& key);

}  // namespace histoloom
