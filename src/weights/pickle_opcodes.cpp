#include "pickle_opcodes.h"

#include <fmt/format.h>

namespace histoloom {

namespace {

struct Named {
  std::uint8_t opcode;
  const char* name;
};

// The opcodes of Python that no state dict needs.
constexpr Named kRefused[] = {
    {'0', "POP"},          {'1', "POP_MARK"},
    {'2', "DUP"},          {'F', "FLOAT"},
    {'I', "INT"},          {'L', "LONG"},
    {'P', "PERSID"},       {'S', "STRING"},
    {'T', "BINSTRING"},    {'U', "SHORT_BINSTRING"},
    {'V', "UNICODE"},      {'d', "DICT"},
    {'g', "GET"},          {'i', "INST"},
    {'l', "LIST"},         {'o', "OBJ"},
    {'p', "PUT"},          {0x81, "NEWOBJ"},
    {0x82, "EXT1"},        {0x83, "EXT2"},
    {0x84, "EXT4"},        {0x8b, "LONG4"},
    {0x8e, "BINBYTES8"},   {0x8f, "EMPTY_SET"},
    {0x90, "ADDITEMS"},    {0x91, "FROZENSET"},
    {0x92, "NEWOBJ_EX"},   {0x96, "BYTEARRAY8"},
    {0x97, "NEXT_BUFFER"}, {0x98, "READONLY_BUFFER"},
};

}  // namespace

std::string describe_opcode(std::uint8_t opcode) {
  for (const Named& named : kRefused)
    if (named.opcode == opcode) return fmt::format("the opcode {}", named.name);
  return fmt::format("the unknown opcode {:#04x}", opcode);
}

}  // namespace histoloom
