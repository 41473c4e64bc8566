// The opcodes of Python's pickle protocols 0 to 5 (Lib/pickletools.py names and describes them).
#pragma once

#include <cstdint>
#include <string>

namespace histoloom {

// Those that torch.save writes for state dicts in the protocols 2 to 5.
enum class PickleOpcode : std::uint8_t {
  mark = '(',
  stop = '.',
  binbytes = 'B',
  short_binbytes = 'C',
  binint = 'J',
  binint1 = 'K',
  binint2 = 'M',
  none = 'N',
  binpersid = 'Q',
  reduce = 'R',
  binunicode = 'X',
  append = 'a',
  build = 'b',
  global = 'c',
  appends = 'e',
  binget = 'h',
  long_binget = 'j',
  binput = 'q',
  long_binput = 'r',
  setitem = 's',
  tuple = 't',
  setitems = 'u',
  empty_tuple = ')',
  empty_list = ']',
  empty_dict = '}',
  binfloat = 'G',
  proto = 0x80,
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  newtrue = 0x88,
  newfalse = 0x89,
  long1 = 0x8a,
  short_binunicode = 0x8c,
  binunicode8 = 0x8d,
  stack_global = 0x93,
  memoize = 0x94,
  frame = 0x95
};

// "the opcode NEWOBJ" for one that Python knows, "the unknown opcode 0xff" for another.
std::string describe_opcode(std::uint8_t opcode);

}  // namespace histoloom
