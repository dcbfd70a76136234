// BoundedQueues
