#include "published_names.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <sstream>
#include <string_view>

namespace histoloom {

namespace {

using Parts = std::vector<std::string>;

struct Replacement {
  std::string_view from, to;
};

std::string replaced(std::string name, std::initializer_list<Replacement> all) {
  for (const auto& [from, to] : all) {
    const std::size_t at = name.find(from);
    if (at != std::string::npos) name.replace(at, from.size(), to);
  }
  return name;
}

Parts parts_of(const std::string& name) {
  Parts parts;
  std::istringstream in(name);
  for (std::string part; std::getline(in, part, '.');) parts.push_back(part);
  return parts;
}

// What the names alone tell of a network's shape.
struct Shape {
  int up_blocks = 0;
  int resnets = 0;                   // in a block on the way down
  std::set<std::string> attentions;  // blocks that attend ("up_blocks.1")

  explicit Shape(const NamedTensors& parameters);
};

Shape::Shape(const NamedTensors& parameters) {
  for (const auto& [name, tensor] : parameters) {
    const Parts parts = parts_of(name);
    for (std::size_t i = 0; i + 3 < parts.size(); ++i) {
      if (parts[i] == "up_blocks") up_blocks = std::max(up_blocks, std::stoi(parts[i + 1]) + 1);
      if (parts[i] == "down_blocks" && parts[i + 2] == "resnets")
        resnets = std::max(resnets, std::stoi(parts[i + 3]) + 1);
      if (parts[i] == "up_blocks" && parts[i + 2] == "attentions")
        attentions.insert(parts[i] + "." + parts[i + 1]);
    }
  }
}

std::string same(const std::string& name, const Shape& /*shape*/) { return name; }

std::string before_0_15(const std::string& name, const Shape& /*shape*/) {
  return replaced(name, {{".to_q.", ".query."},
                         {".to_k.", ".key."},
                         {".to_v.", ".value."},
                         {".to_out.0.", ".proj_attn."}});
}

// encoder.down.I.block.J, decoder.up.(n − 1 − I).block.J, mid.block_1, mid.attn_1, …
std::string compvis_autoencoder(const std::string& name, const Shape& shape) {
  std::string out = replaced(name, {{".mid_block.resnets.0.", ".mid.block_1."},
                                    {".mid_block.resnets.1.", ".mid.block_2."},
                                    {".mid_block.attentions.0.", ".mid.attn_1."},
                                    {".down_blocks.", ".down."},
                                    {".resnets.", ".block."},
                                    {".attentions.", ".attn."},
                                    {".downsamplers.0.", ".downsample."},
                                    {".upsamplers.0.", ".upsample."},
                                    {".conv_norm_out.", ".norm_out."},
                                    {".conv_shortcut.", ".nin_shortcut."},
                                    {".group_norm.", ".norm."},
                                    {".to_q.", ".q."},
                                    {".to_k.", ".k."},
                                    {".to_v.", ".v."},
                                    {".to_out.0.", ".proj_out."}});
  const Parts parts = parts_of(name);
  if (parts.size() < 3 || parts[1] != "up_blocks") return out;
  return replaced(out, {{".up_blocks." + parts[2] + ".",
                         fmt::format(".up.{}.", shape.up_blocks - 1 - std::stoi(parts[2]))}});
}

// Everything behind "down_blocks.I.resnets.J": in_layers.0, …; attention has the same names.
std::string compvis_leaf(const Parts& parts, std::size_t from) {
  std::string leaf;
  for (std::size_t i = from; i < parts.size(); ++i) leaf += "." + parts[i];
  if (parts[from - 2] != "resnets") return leaf;
  return replaced(leaf, {{".norm1.", ".in_layers.0."},
                         {".conv1.", ".in_layers.2."},
                         {".time_emb_proj.", ".emb_layers.1."},
                         {".norm2.", ".out_layers.0."},
                         {".conv2.", ".out_layers.3."},
                         {".conv_shortcut.", ".skip_connection."}});
}

// input_blocks and output_blocks count through all levels: a convolution, then for each level its
// resnets and what halves the size; on the way up a resnet more, and what doubles it in the last.
std::string compvis_unet(const std::string& name, const Shape& shape) {
  const Parts parts = parts_of(name);
  const int run = shape.resnets + 1;  // entries of input_blocks, or output_blocks, a level
  if (parts.size() > 5 && parts[0] == "down_blocks") {
    const int first = std::stoi(parts[1]) * run + 1;
    if (parts[2] == "downsamplers")
      return fmt::format("input_blocks.{}.0.op.{}", first + run - 1, parts.back());
    return fmt::format("input_blocks.{}.{}{}", first + std::stoi(parts[3]),
                       parts[2] == "attentions" ? 1 : 0, compvis_leaf(parts, 4));
  }
  if (parts.size() > 5 && parts[0] == "up_blocks") {
    const int first = std::stoi(parts[1]) * run;
    if (parts[2] == "upsamplers")
      return fmt::format("output_blocks.{}.{}.conv.{}", first + run - 1,
                         shape.attentions.contains(parts[0] + "." + parts[1]) ? 2 : 1,
                         parts.back());
    return fmt::format("output_blocks.{}.{}{}", first + std::stoi(parts[3]),
                       parts[2] == "attentions" ? 1 : 0, compvis_leaf(parts, 4));
  }
  if (parts.size() > 4 && parts[0] == "mid_block")
    return fmt::format("middle_block.{}{}", parts[1] == "attentions" ? 1 : 2 * std::stoi(parts[2]),
                       compvis_leaf(parts, 3));
  return replaced(name, {{"time_embedding.linear_1.", "time_embed.0."},
                         {"time_embedding.linear_2.", "time_embed.2."},
                         {"conv_in.", "input_blocks.0.0."},
                         {"conv_norm_out.", "out.0."},
                         {"conv_out.", "out.2."}});
}

using Spelling = std::string (*)(const std::string&, const Shape&);
constexpr std::array<Spelling, 4> kSpellings{same, before_0_15, compvis_autoencoder, compvis_unet};

// What stands before `name` in those of `file` that end with it.
std::set<std::string> prefixes_of(const std::string& name, const std::vector<std::string>& file) {
  std::set<std::string> prefixes;
  for (const std::string& found : file) {
    if (!found.ends_with(name)) continue;
    const std::string prefix = found.substr(0, found.size() - name.size());
    if (prefix.empty() || prefix.ends_with('.')) prefixes.insert(prefix);
  }
  return prefixes;
}

std::map<std::string, std::string> spelled(const NamedTensors& parameters, const Shape& shape,
                                           Spelling spelling, const std::string& prefix) {
  std::map<std::string, std::string> names;
  for (const auto& [name, tensor] : parameters) names[name] = prefix + spelling(name, shape);
  return names;
}

}  // namespace

std::map<std::string, std::string> published_names(const NamedTensors& parameters,
                                                   const std::vector<std::string>& file) {
  const Shape shape(parameters);
  const std::set<std::string> present(file.begin(), file.end());
  std::map<std::string, std::string> best;
  std::ptrdiff_t most = 0;
  for (const Spelling spelling : kSpellings) {
    std::set<std::string> prefixes;
    for (const auto& [name, tensor] : parameters)
      prefixes.merge(prefixes_of(spelling(name, shape), file));
    for (const std::string& prefix : prefixes) {
      const auto names = spelled(parameters, shape, spelling, prefix);
      const auto found = std::count_if(names.begin(), names.end(), [&](const auto& pair) {
        return present.contains(pair.second);
      });
      if (found <= most) continue;
      most = found;
      best = names;
    }
  }
  std::erase_if(best, [](const auto& pair) { return pair.first == pair.second; });
  return best;
}

}  // namespace histoloom
