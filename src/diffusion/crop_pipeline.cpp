#include "crop_pipeline.h"

#include <tbb/flow_graph.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <memory>

#include "histoloom/networks/inference_thread.h"

namespace histoloom {

namespace {

namespace flow = tbb::flow;

struct NumberedGroup {
  std::size_t number = 0;
  CropGroup crops;
};
using Group = std::shared_ptr<NumberedGroup>;

// Threads that read and write beside those of the denoiser: they mostly wait for the disk.
constexpr int kDiskThreads = 2;

// TBB has no more threads than cores unless it is told so.
class RoomForThreads {
 public:
  explicit RoomForThreads(int threads)
      : control_(tbb::global_control::max_allowed_parallelism,
                 std::max(static_cast<std::size_t>(threads),
                          tbb::global_control::active_value(
                              tbb::global_control::max_allowed_parallelism))) {}

 private:
  tbb::global_control control_;
};

void run_graph(const CropStages& stages, std::size_t group_size, int threads) {
  const auto of_each = [](const std::function<void(CropData&)>& stage) {
    return [&stage](Group group) {
      for (CropData& work : group->crops) stage(work);
      return group;
    };
  };
  std::size_t number = 0;
  flow::graph graph;
  flow::input_node<Group> gather(graph, [&](tbb::flow_control& control) {
    auto group = std::make_shared<NumberedGroup>();
    CropData work;
    while (group->crops.size() < group_size && stages.next(work)) {
      group->crops.push_back(std::move(work));
      work = {};
    }
    if (group->crops.empty()) control.stop();
    group->number = number++;
    return group;
  });
  const auto at_once = static_cast<std::size_t>(2 * threads + kDiskThreads);
  flow::limiter_node<Group> limit(graph, at_once);
  flow::function_node<Group, Group> read(graph, flow::unlimited, of_each(stages.read));
  flow::function_node<Group, Group> predict(graph, static_cast<std::size_t>(threads),
                                            [&](Group group) {
                                              const InferenceThread inference;
                                              stages.predict(group->crops);
                                              return group;
                                            });
  flow::function_node<Group, Group> write(graph, flow::unlimited, of_each(stages.write));
  flow::sequencer_node<Group> order(graph, [](const Group& group) { return group->number; });
  flow::function_node<Group> collect(graph, flow::serial, [&](const Group& group) {
    for (const CropData& work : group->crops) stages.collect(work);
    return flow::continue_msg();
  });
  flow::make_edge(gather, limit);
  flow::make_edge(limit, read);
  flow::make_edge(read, predict);
  flow::make_edge(predict, write);
  flow::make_edge(write, order);
  flow::make_edge(order, collect);
  flow::make_edge(collect, limit.decrementer());
  gather.activate();
  graph.wait_for_all();
}

}  // namespace

void run_crops(const CropStages& stages, std::size_t group, int threads) {
  const RoomForThreads room(threads + kDiskThreads);
  tbb::task_arena arena(threads + kDiskThreads);
  arena.execute([&] { run_graph(stages, group, threads); });
}

}  // namespace histoloom
