#include "pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "histoloom/core/error.h"
#include "little_endian.h"
#include "pickle_calls.h"
#include "pickle_opcodes.h"

namespace histoloom {

namespace {

using Op = PickleOpcode;

constexpr std::uint64_t kMaxPickle = std::uint64_t{64} << 20;
constexpr std::size_t kMaxValues = 4'000'000;  // of some 100 bytes
constexpr std::size_t kMaxMarks = 1000;        // lists within lists

[[noreturn]] void fail(const std::string& what) { throw UserError(what); }

class Unpickler {
 public:
  explicit Unpickler(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  // A UserError says what is wrong with the opcode at opcode_at().
  Pickle run();
  std::uint64_t opcode_at() const { return opcode_at_; }

 private:
  // The input: numbers and texts that follow an opcode.
  template <class T>
  T number() {
    const auto value = little_endian<T>(bytes_, at_);
    if (!value) fail("ends without STOP");
    at_ += sizeof(T);
    return *value;
  }
  std::string_view text(std::uint64_t size);
  std::string_view line();

  // The stack. No opcode reaches below the innermost mark.
  void push(PickleValue value);
  void push_id(PickleId id) { stack_.push_back(id); }
  PickleId pop();
  PickleId top() const;
  std::vector<PickleId> pop_to_mark();
  std::vector<PickleId> pop_many(std::size_t count);
  template <class T>
  T* as(PickleId id) {
    return std::get_if<T>(&pickle_.values[id]);
  }
  template <class T>
  T& container(const char* wanted);

  // The opcodes, in groups; false where the opcode isn't one of the group.
  bool run_scalar(Op op);
  bool run_text(Op op);
  bool run_tuple(Op op);
  bool run_container(Op op);
  bool run_memo(Op op);
  bool run_class(Op op);

  void push_long();
  void append(const std::vector<PickleId>& items);
  void set_items(const std::vector<PickleId>& items);
  void remember(std::uint32_t index) { memo_[index] = top(); }
  void recall(std::uint32_t index);

  std::span<const std::uint8_t> bytes_;
  std::uint64_t at_ = 0, opcode_at_ = 0;
  Pickle pickle_;
  std::vector<PickleId> stack_;
  std::vector<std::size_t> marks_;  // stack sizes
  std::unordered_map<std::uint32_t, PickleId> memo_;
};

// ---- input

std::string_view Unpickler::text(std::uint64_t size) {
  if (size > bytes_.size() - at_)
    fail(fmt::format("holds a text of {} bytes, {} are left", size, bytes_.size() - at_));
  const std::string_view out(reinterpret_cast<const char*>(bytes_.data()) + at_, size);
  at_ += size;
  return out;
}

std::string_view Unpickler::line() {
  const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(at_);
  const auto end = std::find(begin, bytes_.end(), '\n');
  if (end == bytes_.end()) fail("ends without STOP");
  const std::string_view out = text(static_cast<std::uint64_t>(end - begin));
  ++at_;
  return out;
}

// ---- stack

void Unpickler::push(PickleValue value) {
  if (pickle_.values.size() >= kMaxValues)
    fail(fmt::format("makes more than {} values", kMaxValues));
  push_id(static_cast<PickleId>(pickle_.values.size()));
  pickle_.values.push_back(std::move(value));
}

PickleId Unpickler::top() const {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("takes from an empty stack");
  return stack_.back();
}

PickleId Unpickler::pop() {
  const PickleId id = top();
  stack_.pop_back();
  return id;
}

std::vector<PickleId> Unpickler::pop_many(std::size_t count) {
  std::vector<PickleId> items(count);
  for (std::size_t i = count; i-- > 0;) items[i] = pop();
  return items;
}

std::vector<PickleId> Unpickler::pop_to_mark() {
  if (marks_.empty()) fail("takes up to a mark where none is set");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  const std::vector<PickleId> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

// The container on top of the stack.
template <class T>
T& Unpickler::container(const char* wanted) {
  const PickleId id = top();
  if (as<T>(id) == nullptr)
    fail(fmt::format("puts items into {}, not into a {}", describe(pickle_[id]), wanted));
  return *as<T>(id);
}

// ---- opcodes

bool Unpickler::run_scalar(Op op) {
  switch (op) {
    case Op::none:
      push(std::monostate{});
      return true;
    case Op::newtrue:
    case Op::newfalse:
      push(op == Op::newtrue);
      return true;
    case Op::binint:
      push(std::int64_t{number<std::int32_t>()});
      return true;
    case Op::binint1:
      push(std::int64_t{number<std::uint8_t>()});
      return true;
    case Op::binint2:
      push(std::int64_t{number<std::uint16_t>()});
      return true;
    case Op::long1:
      push_long();
      return true;
    case Op::binfloat:  // the one big-endian number
      push(std::bit_cast<double>(__builtin_bswap64(number<std::uint64_t>())));
      return true;
    default:
      return false;
  }
}

// Two's complement of any length; random states have longer ones than any size or step.
void Unpickler::push_long() {
  const std::string_view digits = text(number<std::uint8_t>());
  if (digits.size() > 8) return push(PickleInert{});
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < digits.size(); ++i)
    value |= std::uint64_t{static_cast<std::uint8_t>(digits[i])} << (8 * i);
  const std::size_t missing = 64 - 8 * digits.size();
  const bool negative = !digits.empty() && (digits.back() & 0x80) != 0;
  if (negative && missing > 0) value |= ~std::uint64_t{0} << (64 - missing);
  push(static_cast<std::int64_t>(value));
}

bool Unpickler::run_text(Op op) {
  switch (op) {
    case Op::short_binunicode:
      push(text(number<std::uint8_t>()));
      return true;
    case Op::binunicode:
      push(text(number<std::uint32_t>()));
      return true;
    case Op::binunicode8:
      push(text(number<std::uint64_t>()));
      return true;
    // Bytes, which numpy's numbers are made of.
    case Op::short_binbytes:
      text(number<std::uint8_t>());
      push(PickleInert{});
      return true;
    case Op::binbytes:
      text(number<std::uint32_t>());
      push(PickleInert{});
      return true;
    default:
      return false;
  }
}

bool Unpickler::run_tuple(Op op) {
  switch (op) {
    case Op::empty_tuple:
      push(PickleTuple{});
      return true;
    case Op::tuple1:
      push(PickleTuple{pop_many(1)});
      return true;
    case Op::tuple2:
      push(PickleTuple{pop_many(2)});
      return true;
    case Op::tuple3:
      push(PickleTuple{pop_many(3)});
      return true;
    case Op::tuple:
      push(PickleTuple{pop_to_mark()});
      return true;
    default:
      return false;
  }
}

bool Unpickler::run_container(Op op) {
  switch (op) {
    case Op::mark:
      if (marks_.size() >= kMaxMarks) fail(fmt::format("sets more than {} marks", kMaxMarks));
      marks_.push_back(stack_.size());
      return true;
    case Op::empty_list:
      push(PickleList{});
      return true;
    case Op::empty_dict:
      push(PickleDict{});
      return true;
    case Op::append:
      append(pop_many(1));
      return true;
    case Op::appends:
      append(pop_to_mark());
      return true;
    case Op::setitem:
      set_items(pop_many(2));
      return true;
    case Op::setitems:
      set_items(pop_to_mark());
      return true;
    default:
      return false;
  }
}

void Unpickler::append(const std::vector<PickleId>& items) {
  auto& list = container<PickleList>("list").items;
  list.insert(list.end(), items.begin(), items.end());
}

void Unpickler::set_items(const std::vector<PickleId>& items) {
  auto& dict = container<PickleDict>("dict").items;
  if (items.size() % 2 != 0) fail("sets a key without a value");
  for (std::size_t i = 0; i < items.size(); i += 2) dict.emplace_back(items[i], items[i + 1]);
}

bool Unpickler::run_memo(Op op) {
  switch (op) {
    case Op::binput:
      remember(number<std::uint8_t>());
      return true;
    case Op::long_binput:
      remember(number<std::uint32_t>());
      return true;
    case Op::memoize:
      remember(static_cast<std::uint32_t>(memo_.size()));
      return true;
    case Op::binget:
      recall(number<std::uint8_t>());
      return true;
    case Op::long_binget:
      recall(number<std::uint32_t>());
      return true;
    default:
      return false;
  }
}

void Unpickler::recall(std::uint32_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) fail(fmt::format("recalls {}, which it never remembered", index));
  push_id(found->second);
}

bool Unpickler::run_class(Op op) {
  switch (op) {
    case Op::global: {
      const std::string_view module = line();
      push(find_pickle_class(module, line()));
      return true;
    }
    case Op::stack_global: {
      const auto names = pop_many(2);
      const auto *module = as<std::string_view>(names[0]), *name = as<std::string_view>(names[1]);
      if (module == nullptr || name == nullptr) fail("names a class by something that is no text");
      push(find_pickle_class(*module, *name));
      return true;
    }
    case Op::binpersid:
      push(persistent_storage(pickle_, pop()));
      return true;
    case Op::reduce: {
      const auto operands = pop_many(2);
      push(call_class(pickle_, operands[0], operands[1]));
      return true;
    }
    case Op::build: {
      const PickleId state = pop();
      check_state(pickle_, top(), state);
      return true;
    }
    default:
      return false;
  }
}

Pickle Unpickler::run() {
  if (bytes_.size() > kMaxPickle)
    fail(fmt::format("has {} bytes, at most {} are read", bytes_.size(), kMaxPickle));
  if (bytes_.size() < 2 || bytes_[0] != static_cast<std::uint8_t>(Op::proto) || bytes_[1] < 2 ||
      bytes_[1] > 5)
    fail("does not begin with a protocol from 2 to 5");
  at_ = 2;
  for (;;) {
    opcode_at_ = at_;
    const auto byte = number<std::uint8_t>();
    const auto op = static_cast<Op>(byte);
    if (op == Op::stop) break;
    if (op == Op::frame) {
      number<std::uint64_t>();  // how much to read at once; all of it is here
      continue;
    }
    if (!run_scalar(op) && !run_text(op) && !run_tuple(op) && !run_container(op) && !run_memo(op) &&
        !run_class(op))
      fail(fmt::format("uses {}, which no state dict needs{}", describe_opcode(byte),
                       kSaveStateDict));
  }
  pickle_.root = pop();
  if (!stack_.empty()) fail("leaves more than one value");
  return std::move(pickle_);
}

}  // namespace

std::string describe(const PickleValue& value) {
  constexpr const char* kWords[] = {"None",    "a bool",    "a whole number", "a number",
                                    "a text",  "a list",    "a tuple",        "a dict",
                                    "a class", "a storage", "a tensor",       "an object"};
  static_assert(std::size(kWords) == std::variant_size_v<PickleValue>);
  return kWords[value.index()];
}

Pickle parse_pickle(std::span<const std::uint8_t> bytes, const std::string& path) {
  Unpickler unpickler(bytes);
  try {
    return unpickler.run();
  } catch (const UserError& error) {
    throw UserError(fmt::format("{}: not a usable checkpoint: its pickle, byte {}, {}", path,
                                unpickler.opcode_at(), error.what()));
  }
}

}  // namespace histoloom
