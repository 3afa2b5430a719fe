DROP TABLE subnets;
DROP TABLE vrfs;
